DELETE FROM security_event
WHERE security_event_id IN (SELECT security_event_id FROM security_event WHERE last_at < %(before)s LIMIT %(rows)s)
