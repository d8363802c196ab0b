-- The assets of a lane whose notes wait longest, and so long at least, and all of their notes, taken away: as few
-- stretches of time as there can be, those within a day of one another made one. In the caller's transaction: it has all
-- that was committed with them.
WITH oldest AS (
    SELECT asset_key
    FROM (
        SELECT asset_key, noted_at
        FROM history_due
        WHERE noted_at <= now() - %(waited)s AND asset_key %% %(lanes)s = %(lane)s
        ORDER BY noted_at
        LIMIT %(rows)s
    ) AS first
    GROUP BY asset_key
    ORDER BY min(noted_at), asset_key
    LIMIT %(assets)s
), taken AS (
    -- IS TRUE keeps this from becoming a join, of which the planner knows too little to choose well:
    -- it hashes the assets.
    DELETE FROM history_due WHERE (asset_key IN (SELECT asset_key FROM oldest)) IS TRUE RETURNING *
)
SELECT n.asset_key, lower(part) AS since, upper(part) - INTERVAL '1 day' AS until, n.facts, n.noted_at,
       h.raw_from, h.frozen_until, coalesce(h.is_bench, false) AS is_bench
FROM (
    SELECT asset_key, range_agg(tstzrange(since, until + INTERVAL '1 day')) AS stretches, bool_or(facts) AS facts,
           min(noted_at) AS noted_at
    FROM taken
    GROUP BY asset_key
) AS n
LEFT JOIN history_horizon AS h USING (asset_key)
CROSS JOIN unnest(n.stretches) AS part
ORDER BY n.noted_at, n.asset_key, part DESC
