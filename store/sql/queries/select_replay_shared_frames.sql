SELECT u.received_at, u.device_key, u.session, u.f_cnt, u.f_port, u.payload, u.observed_at, u.kind
FROM replay_shared
JOIN uplink AS u USING (device_key, observed_at)
WHERE u.received_at >= %(begins)s::timestamptz - INTERVAL '93 days'
  AND u.received_at < %(ends)s::timestamptz + INTERVAL '93 days'
  AND (%(device_key)s::integer IS NULL OR device_key = %(device_key)s)
