SELECT h.key, date_bin(INTERVAL '1 day', h.hour, TIMESTAMPTZ '2000-01-01 00:00:00Z') AS day,
       (sum(h.sum) / sum(h.count))::float8 AS value
FROM measurement_hour AS h
WHERE h.device_key = (SELECT device_key FROM device WHERE device_id = %(device_id)s)
  AND h.key IN ('battery_percent', 'battery_volts') AND h.hour >= %(since)s
GROUP BY 1, 2
ORDER BY 1, 2
