-- The first and the last word of assets that still counts.
SELECT due.asset_key, first.observed_at AS first_at, last.observed_at AS last_at
FROM unnest(%(keys)s::int4[], %(raw_from)s::timestamptz[]) AS due (asset_key, raw_from)
CROSS JOIN LATERAL (
    SELECT observed_at FROM event AS e WHERE e.asset_key = due.asset_key AND e.observed_at >= due.raw_from
    ORDER BY observed_at LIMIT 1
) AS first
CROSS JOIN LATERAL (
    SELECT observed_at FROM event AS e WHERE e.asset_key = due.asset_key AND e.observed_at >= due.raw_from
    ORDER BY observed_at DESC LIMIT 1
) AS last
