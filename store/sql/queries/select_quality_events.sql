SELECT a.asset_id, a.name AS asset_name, s.site_id, a.capacity, q.fault, q.day, q.begins_at, q.ends_at, q.times, q.residual
FROM quality_event AS q
JOIN asset AS a USING (asset_key)
JOIN site AS s USING (site_key)
WHERE q.day BETWEEN %(first_day)s AND %(last_day)s
  AND (%(site_id)s::text IS NULL OR s.site_id = %(site_id)s)
  AND (%(asset_id)s::text IS NULL OR a.asset_id = %(asset_id)s)
  AND (%(fault)s::text IS NULL OR q.fault = %(fault)s)
ORDER BY q.day DESC, q.times DESC, a.asset_id, q.fault
LIMIT %(limit)s
