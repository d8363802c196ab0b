-- A clock was ahead, and facts were kept of a time that had not been: they go, as far as history can be told anew. The hour
-- and the day in which the rest of them ends are summed by `sum_hours` and `sum_days`.
WITH step AS (
    UPDATE history AS now SET facts_until = target.until
    FROM (SELECT quarter_of(greatest(p.as_of, h.frozen_until, h.benches_frozen_until, '2000-01-01Z')) AS until
          FROM history AS h CROSS JOIN platform AS p) AS target
    WHERE now.facts_until > target.until
    RETURNING target.until
), hours AS (
    DELETE FROM fact_hour USING step WHERE fact_hour.hour >= date_trunc('hour', step.until, 'UTC')
), days AS (
    DELETE FROM fact_day USING step WHERE fact_day.day >= local_day_of(step.until)
), quarters AS (
    DELETE FROM fact_15m USING step WHERE fact_15m.bucket >= step.until
)
SELECT step.until,
       (SELECT coalesce(array_agg(asset_key), '{}') FROM asset) AS asset_keys
FROM step
