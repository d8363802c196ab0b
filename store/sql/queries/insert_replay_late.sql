-- Frames that came late, or at one moment with others: they are read last, in order of event time, so that what was
-- derived from them is found together, too.
INSERT INTO replay_late
SELECT u.received_at, u.device_key, u.session, u.f_cnt, u.f_port, u.payload, u.observed_at, u.kind, u.codec,
       u.codec_version
FROM journal AS u
LEFT JOIN replay_shared AS s USING (device_key, observed_at)
WHERE u.received_at >= %(begins)s::timestamptz - INTERVAL '93 days'
  AND u.received_at < %(ends)s::timestamptz + INTERVAL '93 days'
  AND (%(device_key)s::integer IS NULL OR u.device_key = %(device_key)s)
  AND (s.device_key IS NOT NULL
       OR (u.received_at >= %(begins)s AND u.received_at < %(ends)s AND u.observed_at < u.received_at - INTERVAL '5 seconds'))
