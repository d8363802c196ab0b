SELECT code, device_id, session, detail, first_at, last_at, times
FROM security_event
ORDER BY last_at DESC, security_event_id DESC
LIMIT %(limit)s
