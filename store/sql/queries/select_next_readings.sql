-- For benches and a moment each: the first readings of charging after it, which are counted from those before: two, for of
-- two that are near to one another the first may count nothing.
SELECT due.asset_key, reading.at
FROM unnest(%(keys)s::int4[], %(moments)s::timestamptz[]) AS due (asset_key, moment)
JOIN installation AS i ON i.asset_key = due.asset_key
CROSS JOIN (VALUES ('charge_sessions_total'), ('energy_wh_total')) AS k (key)
CROSS JOIN LATERAL (
    SELECT m.observed_at AS at
    FROM measurement AS m
    WHERE m.device_key = i.device_key AND m.key = k.key AND m.observed_at > due.moment
      AND m.observed_at >= i.begins_at AND (i.ends_at IS NULL OR m.observed_at < i.ends_at)
    ORDER BY m.observed_at
    LIMIT 2
) AS reading
