-- How much of each site and category was free in each hour of the week, on UK clocks, and in how many weeks that was known.
WITH hour_of AS (
    SELECT a.site_key, a.category, h.hour, sum(h.free_s) AS free_s, sum(h.free_s + h.occupied_s) AS known_s,
           sum(h.free_s + h.occupied_s + h.unknown_s) AS open_s
    FROM asset AS a
    JOIN fact_hour AS h USING (asset_key)
    WHERE a.kind = ANY (%(kinds)s) AND NOT a.home_linked AND h.hour >= %(since)s AND h.hour < %(until)s
    GROUP BY GROUPING SETS ((a.site_key, a.category, h.hour), (a.site_key, h.hour))
)
SELECT s.site_id, h.category,
       ((extract(isodow FROM local) - 1) * 24 + extract(hour FROM local))::integer AS hour,
       sum(h.free_s)::float8 / sum(h.known_s)::float8 AS share_free,
       count(DISTINCT local::date)::integer AS weeks   -- of an hour that comes twice on a day, one
FROM hour_of AS h
JOIN site AS s USING (site_key)
CROSS JOIN LATERAL (SELECT h.hour AT TIME ZONE 'Europe/London') AS clock (local)
WHERE h.known_s > 0 AND h.known_s >= h.open_s * 0.5
GROUP BY 1, 2, 3
