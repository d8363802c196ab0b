-- What time alone changes: silence becomes unknown, closures begin and end.
WITH due AS (
    SELECT s.asset_key, shown.*
    FROM asset_state AS s
    CROSS JOIN LATERAL shown_state(s.asset_key, s.reported, s.reported_since, s.silent_at, %(as_of)s) AS shown
)
UPDATE asset_state AS now
SET closed = due.closed, state = due.state, since = due.since, revision = %(revision)s
FROM due
WHERE now.asset_key = due.asset_key
  AND (now.closed, now.state, now.since) IS DISTINCT FROM (due.closed, due.state, due.since)
