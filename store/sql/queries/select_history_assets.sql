-- The assets that a question is about, and since when each has a history: spans of benches go, their facts stay. What begins
-- later than is told, as a closure may, is none yet.
SELECT a.asset_key, a.asset_id, a.name, a.category, s.site_id, s.name AS site_name, z.zone_id, z.name AS zone_name, s.ward,
       a.kind, a.capacity, a.max_stay_minutes, a.home_linked,
       least((SELECT min(begins_at) FROM span WHERE span.asset_key = a.asset_key AND span.begins_at < told.told_until),
             CASE WHEN a.kind = 'bench' THEN (SELECT min(bucket) FROM fact_15m AS f WHERE f.asset_key = a.asset_key) END) AS since
FROM asset AS a
JOIN site AS s USING (site_key)
LEFT JOIN zone AS z USING (zone_key)
CROSS JOIN history_told AS told
WHERE a.kind = ANY (%(kinds)s)
  AND (%(site)s::text IS NULL OR s.site_id = %(site)s)
  AND (%(zone)s::text IS NULL OR z.zone_id = %(zone)s)
  AND (%(ward)s::text IS NULL OR s.ward = %(ward)s)
  AND (%(category)s::text IS NULL OR a.category = %(category)s)
  AND (%(asset)s::text IS NULL OR a.asset_id = %(asset)s)
ORDER BY a.asset_id
