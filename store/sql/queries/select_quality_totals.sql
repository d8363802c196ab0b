SELECT q.fault, sum(q.times) AS times
FROM quality_event AS q
JOIN asset AS a USING (asset_key)
JOIN site AS s USING (site_key)
WHERE q.day BETWEEN %(first_day)s AND %(last_day)s
  AND (%(site_id)s::text IS NULL OR s.site_id = %(site_id)s)
  AND (%(asset_id)s::text IS NULL OR a.asset_id = %(asset_id)s)
  AND (%(fault)s::text IS NULL OR q.fault = %(fault)s)
GROUP BY q.fault
