-- The newest frames of a device, and the newest of those kinds; newest first by event time.
WITH mine AS (SELECT device_key FROM device WHERE device_id = %(device_id)s),
newest AS (
    (SELECT observed_at, f_cnt, f_port, payload, session
     FROM journal WHERE device_key = (SELECT device_key FROM mine)
     ORDER BY received_at DESC LIMIT %(limit)s)
    UNION
    (SELECT observed_at, f_cnt, f_port, payload, session
     FROM journal WHERE device_key = (SELECT device_key FROM mine) AND kind IN ('config', 'startup')
     ORDER BY received_at DESC LIMIT %(limit)s)
)
SELECT observed_at, f_port, payload
FROM newest
ORDER BY observed_at DESC, f_cnt DESC, session COLLATE "C" DESC, payload DESC
