SELECT u.received_at, u.device_key, u.session, u.f_cnt, u.f_port, u.payload, u.observed_at, u.kind, u.codec,
       u.codec_version
FROM journal AS u
WHERE u.received_at >= %(begins)s AND u.received_at < %(ends)s
  AND u.observed_at >= u.received_at - INTERVAL '5 seconds'
  AND (%(device_key)s::integer IS NULL OR u.device_key = %(device_key)s)
  AND NOT EXISTS (SELECT FROM replay_shared AS s WHERE s.device_key = u.device_key AND s.observed_at = u.observed_at)
