-- Every asset, with its horizons.
SELECT h.asset_key, a.asset_id, h.raw_from, h.frozen_until, h.is_bench
FROM history_horizon AS h
JOIN asset AS a USING (asset_key)
ORDER BY h.asset_key
