-- Every device with where it was installed and when; a device that was never installed has one row without an asset.
SELECT d.device_id, d.device_key, d.model, d.silent_after_s, i.asset_key, i.begins_at, i.ends_at,
       i.distance_threshold_mm, i.debounce_s, a.kind, a.capacity
FROM device AS d
LEFT JOIN installation AS i USING (device_key)
LEFT JOIN asset AS a USING (asset_key)
ORDER BY d.device_key, i.begins_at
