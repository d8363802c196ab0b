SELECT d.silent_after_s, r.device_key IS NOT NULL AS is_retold
FROM device AS d
LEFT JOIN retelling AS r USING (device_key)
WHERE d.device_id = %(device_id)s
