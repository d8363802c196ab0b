-- What happened to a device in a session is one row, counted.
INSERT INTO security_event AS now (code, device_id, session, detail, first_at, last_at, times)
VALUES (%(code)s, %(device_id)s, %(session)s, %(detail)s, %(observed_at)s, %(observed_at)s, %(times)s)
ON CONFLICT (device_id, code, session) DO UPDATE
SET times = now.times + excluded.times,
    detail = CASE WHEN excluded.last_at >= now.last_at THEN excluded.detail ELSE now.detail END,
    first_at = least(now.first_at, excluded.first_at),
    last_at = greatest(now.last_at, excluded.last_at)
