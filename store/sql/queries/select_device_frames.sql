SELECT u.received_at, u.observed_at, u.time_source, u.network, u.session, u.f_cnt, u.f_port, u.payload, u.rssi_dbm, u.snr_db,
       u.gateway_count, u.codec, u.codec_version, u.kind
FROM journal AS u
WHERE u.device_key = (SELECT device_key FROM device WHERE device_id = %(device_id)s)
  AND (%(kind)s::text IS NULL OR u.kind = %(kind)s)
ORDER BY u.received_at DESC
LIMIT %(limit)s
