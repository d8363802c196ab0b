SELECT device_key AS key FROM device ORDER BY device_key
