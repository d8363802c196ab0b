SELECT received_at, device_key, session, f_cnt, f_port, payload, observed_at, kind, codec, codec_version
FROM replay_late
WHERE observed_at >= %(begins)s AND (%(ends)s::timestamptz IS NULL OR observed_at < %(ends)s)
