-- Areas at whose gates these devices were at these moments.
INSERT INTO tally_due (area_key, since)
SELECT gate.area_key, min(w.observed_at)
FROM unnest(%(device_keys)b::int4[], %(observed)b::timestamptz[]) AS w (device_key, observed_at)
JOIN installation AS i
    ON i.device_key = w.device_key AND i.begins_at <= w.observed_at AND w.observed_at < coalesce(i.ends_at, 'infinity')
JOIN asset AS gate USING (asset_key)
WHERE gate.area_key IS NOT NULL
GROUP BY gate.area_key
