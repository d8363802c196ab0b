-- The first fact or sum of facts of assets, or for benches the first reading of charging, whichever is earliest.
SELECT due.asset_key, least(fact.bucket, summed.hour, daily.day, reading.at) AS begins_at
FROM unnest(%(keys)s::int4[]) AS due (asset_key)
LEFT JOIN LATERAL (
    SELECT f.bucket FROM fact_15m AS f WHERE f.asset_key = due.asset_key ORDER BY f.bucket LIMIT 1
) AS fact ON true
LEFT JOIN LATERAL (
    SELECT h.hour FROM fact_hour AS h WHERE h.asset_key = due.asset_key ORDER BY h.hour LIMIT 1
) AS summed ON true
LEFT JOIN LATERAL (
    SELECT d.day FROM fact_day AS d WHERE d.asset_key = due.asset_key ORDER BY d.day LIMIT 1
) AS daily ON true
LEFT JOIN LATERAL (
    SELECT min(first.observed_at) AS at
    FROM installation AS i
    JOIN asset AS a ON a.asset_key = i.asset_key AND a.kind = 'bench'
    CROSS JOIN (VALUES ('charge_sessions_total'), ('energy_wh_total')) AS k (key)
    CROSS JOIN LATERAL (
        SELECT m.observed_at FROM measurement AS m
        WHERE m.device_key = i.device_key AND m.key = k.key AND m.observed_at >= i.begins_at
        ORDER BY m.observed_at LIMIT 1
    ) AS first
    WHERE i.asset_key = due.asset_key
) AS reading ON true
