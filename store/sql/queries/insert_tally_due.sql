-- Areas to whose gates these moments belong.
INSERT INTO tally_due (area_key, since)
SELECT gate.area_key, min(w.at)
FROM unnest(%(gate_keys)s::int4[], %(moments)s::timestamptz[]) AS w (asset_key, at)
JOIN asset AS gate USING (asset_key)
WHERE gate.area_key IS NOT NULL
GROUP BY gate.area_key
