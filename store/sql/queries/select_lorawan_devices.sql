-- Devices whose id is a dev_eui, with what they watch now.
SELECT d.device_id AS dev_eui, d.model, a.asset_id, s.site_id
FROM device AS d
LEFT JOIN installation AS i ON i.device_key = d.device_key AND i.ends_at IS NULL
LEFT JOIN asset AS a USING (asset_key)
LEFT JOIN site AS s USING (site_key)
WHERE d.device_id ~ '^[0-9a-f]{16}$'
ORDER BY d.device_id
