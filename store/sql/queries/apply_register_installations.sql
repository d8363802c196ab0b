INSERT INTO installation (device_key, asset_key, begins_at, ends_at, distance_threshold_mm, debounce_s)
SELECT d.device_key, a.asset_key, r.begins_at, r.ends_at, r.distance_threshold_mm, r.debounce_s
FROM register_change AS c
CROSS JOIN jsonb_to_record(c.after)
    AS r (device text, asset text, begins_at timestamptz, ends_at timestamptz, distance_threshold_mm integer,
          debounce_s integer)
JOIN device AS d ON d.device_id = r.device
JOIN asset AS a ON a.asset_id = r.asset
WHERE c.record = 'installation'
