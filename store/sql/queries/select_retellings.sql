-- Oldest first.
SELECT device_key, device_id, asked_at
FROM retelling
JOIN device USING (device_key)
ORDER BY asked_at, device_key
LIMIT %(limit)s
