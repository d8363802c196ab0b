-- When sensors are taken for silent, and where they were: one row for each stay with one of the assets, or one without any.
SELECT d.device_key, d.silent_after_s, i.asset_key, i.begins_at, i.ends_at, i.debounce_s
FROM device AS d
LEFT JOIN installation AS i ON i.device_key = d.device_key AND i.asset_key = ANY (%(asset_keys)b::int4[])
WHERE d.device_key = ANY (%(device_keys)b::int4[])
