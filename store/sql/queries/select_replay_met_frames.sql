-- Every frame of these moments. Event time is never after receipt, nor more than 92 days before it.
SELECT u.received_at, u.device_key, u.session, u.f_cnt, u.f_port, u.payload, u.observed_at, u.kind, u.codec,
       u.codec_version
FROM unnest(%(device_keys)b::int4[], %(observed)b::timestamptz[]) AS met (device_key, observed_at)
JOIN journal AS u USING (device_key, observed_at)
WHERE u.received_at >= %(earliest)s AND u.received_at < %(latest)s::timestamptz + INTERVAL '93 days'
