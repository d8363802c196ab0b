-- How much of the time of bays and areas is known on these local days, and how much of that is of feeds that stood still.
SELECT s.site_id, s.name AS site_name, sum(f.free_s) AS free_s, sum(f.occupied_s) AS occupied_s, sum(f.unknown_s) AS unknown_s,
       sum(f.closed_s) AS closed_s, coalesce(sum(frozen.frozen_s), 0) AS frozen_s
FROM fact_day AS f
JOIN asset AS a USING (asset_key)
JOIN site AS s USING (site_key)
LEFT JOIN LATERAL (
    SELECT sum(q15.free_s + q15.occupied_s) AS frozen_s
    FROM quality_event AS q
    JOIN fact_15m AS q15 ON q15.asset_key = q.asset_key AND q15.bucket >= q.begins_at AND q15.bucket < q.ends_at
    WHERE q.asset_key = f.asset_key AND q.fault = 'frozen' AND q.day = (f.day AT TIME ZONE 'Europe/London')::date
) AS frozen ON true
WHERE f.day >= %(first_day)s::timestamp AT TIME ZONE 'Europe/London'
  AND f.day < (%(last_day)s + 1)::timestamp AT TIME ZONE 'Europe/London'
  AND a.kind IN ('bay', 'area')
  AND (%(site_id)s::text IS NULL OR s.site_id = %(site_id)s)
  AND (%(asset_id)s::text IS NULL OR a.asset_id = %(asset_id)s)
GROUP BY s.site_id, s.name
ORDER BY s.name, s.site_id
