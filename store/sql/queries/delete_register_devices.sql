DELETE FROM device USING register_change AS c WHERE c.record = 'device' AND c.after IS NULL AND device_id = c.record_id
