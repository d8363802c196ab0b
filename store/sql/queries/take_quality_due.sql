-- Notes of some areas, taken away, as one stretch of time for each; none of which history has still to tell.
WITH taken AS (
    DELETE FROM quality_due
    WHERE asset_key IN (SELECT DISTINCT q.asset_key FROM quality_due AS q
                        WHERE NOT EXISTS (SELECT FROM history_due AS h WHERE h.asset_key = q.asset_key)
                        LIMIT %(areas)s)
    RETURNING *
)
SELECT t.asset_key, a.capacity, min(t.since) AS since, max(t.until) AS until, words.first_at, words.last_at
FROM taken AS t
JOIN asset AS a USING (asset_key)
CROSS JOIN LATERAL (
    SELECT min(observed_at) AS first_at, max(observed_at) AS last_at FROM event AS e WHERE e.asset_key = t.asset_key
) AS words
GROUP BY t.asset_key, a.capacity, words.first_at, words.last_at
ORDER BY t.asset_key
