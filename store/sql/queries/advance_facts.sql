-- The quarters that are over become facts, of every asset at once.
WITH step AS (
    UPDATE history AS now SET facts_until = %(until)s
    FROM history AS before
    WHERE before.facts_until < %(until)s
    RETURNING before.facts_until AS since
), kept AS (
    INSERT INTO fact_15m
    SELECT f.* FROM step CROSS JOIN LATERAL facts_of_all(step.since, %(until)s) AS f
    RETURNING bucket
)
INSERT INTO fact_touched (asset_key, begins_at, ends_at)
SELECT NULL, min(bucket), %(until)s FROM kept HAVING count(*) > 0
