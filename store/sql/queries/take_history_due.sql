-- The oldest notes of some assets, taken away, as one stretch of time for each. In the caller's transaction: it has all that
-- was committed with them.
WITH taken AS (
    DELETE FROM history_due
    WHERE asset_key IN (SELECT DISTINCT asset_key FROM (SELECT asset_key FROM history_due LIMIT %(rows)s) AS first
                        LIMIT %(assets)s)
    RETURNING *
)
SELECT asset_key, min(since) AS since, max(until) AS until, bool_or(facts) AS facts
FROM taken GROUP BY asset_key ORDER BY asset_key
