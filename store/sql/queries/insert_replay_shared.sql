-- Moments of a device that more than one frame of the journal tells of: their frames are read together, last.
-- Event time is never after receipt, nor more than 92 days before it.
INSERT INTO replay_shared
SELECT device_key, observed_at
FROM journal
WHERE received_at >= %(begins)s::timestamptz - INTERVAL '93 days'
  AND received_at < %(ends)s::timestamptz + INTERVAL '93 days'
  AND (%(device_key)s::integer IS NULL OR device_key = %(device_key)s)
GROUP BY device_key, observed_at
HAVING count(*) > 1 AND bool_or(received_at >= %(begins)s AND received_at < %(ends)s)
