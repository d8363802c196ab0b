SELECT min(first.observed_at) AS first_at
FROM asset AS gate
JOIN installation AS i ON i.asset_key = gate.asset_key
CROSS JOIN unnest(%(keys)s::text[]) AS wanted (key)
CROSS JOIN LATERAL (
    SELECT m.observed_at FROM measurement AS m
    WHERE m.device_key = i.device_key AND m.key = wanted.key
      AND m.observed_at >= i.begins_at AND m.observed_at < coalesce(i.ends_at, 'infinity')
    ORDER BY m.observed_at
    LIMIT 1
) AS first
WHERE gate.area_key = %(area_key)s
