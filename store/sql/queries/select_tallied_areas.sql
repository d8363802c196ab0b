-- Areas by name; `gates` is how many each has, `shown` what its count is now. From `raw_from` on is kept what gates said.
SELECT a.asset_key, a.asset_id, a.name, s.name AS site_name, a.capacity, a.anchor_at, a.anchor_taken, h.raw_from,
       CASE WHEN state.state IN ('free', 'occupied') THEN state.taken END AS shown,
       (SELECT count(*) FROM asset AS gate WHERE gate.area_key = a.asset_key)::integer AS gates
FROM asset AS a
JOIN site AS s USING (site_key)
CROSS JOIN history AS h
LEFT JOIN asset_state AS state USING (asset_key)
WHERE a.kind = 'area' AND (%(asset_id)s::text IS NULL OR a.asset_id = %(asset_id)s)
ORDER BY s.name, a.name
