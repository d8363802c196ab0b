SELECT date_bin(INTERVAL '1 day', h.hour, TIMESTAMPTZ '2000-01-01 00:00:00Z') AS day, sum(h.frames)::integer AS frames,
       sum(h.rssi_sum) / nullif(sum(h.rssi_count), 0)::float8 AS rssi_dbm, min(h.snr_min)::float8 AS snr_db
FROM device_hour AS h
WHERE h.device_key = (SELECT device_key FROM device WHERE device_id = %(device_id)s) AND h.hour >= %(since)s
GROUP BY 1
ORDER BY 1
