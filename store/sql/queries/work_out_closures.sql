-- Closures become these times, for each asset that they are of; what was closed and is not, or the other way round, is due to
-- be told anew: exactly that.
WITH wanted AS (
    SELECT a.asset_key, w.begins_at, w.ends_at, p.reason, p.planned_key
    FROM unnest(%(planned_keys)b::int4[], %(begins)b::timestamptz[], %(ends)b::timestamptz[])
        AS w (planned_key, begins_at, ends_at)
    JOIN planned_closure AS p USING (planned_key)
    JOIN asset AS a ON a.kind <> 'gate'
        AND (a.asset_key = p.asset_key OR a.zone_key = p.zone_key OR a.site_key = p.site_key)
), worked_out AS (
    UPDATE planned_closure SET worked_out_until = %(until)s WHERE planned_key = ANY (%(keys)s)
), gone AS (
    DELETE FROM closure AS c
    WHERE c.planned_key = ANY (%(keys)s)
      AND NOT EXISTS (SELECT FROM wanted AS w
                      WHERE (w.asset_key, w.planned_key, w.begins_at, w.reason)
                          = (c.asset_key, c.planned_key, c.begins_at, c.reason)
                        AND w.ends_at IS NOT DISTINCT FROM c.ends_at)
    RETURNING asset_key, begins_at, ends_at
), come AS (
    INSERT INTO closure (asset_key, begins_at, ends_at, reason, planned_key)
    SELECT w.*
    FROM wanted AS w
    WHERE NOT EXISTS (SELECT FROM closure AS c
                      WHERE (w.asset_key, w.planned_key, w.begins_at, w.reason)
                          = (c.asset_key, c.planned_key, c.begins_at, c.reason)
                        AND w.ends_at IS NOT DISTINCT FROM c.ends_at)
    RETURNING asset_key, begins_at, ends_at
), times AS (
    SELECT asset_key,
           coalesce(range_agg(tstzrange(begins_at, ends_at)) FILTER (WHERE NOT is_new), '{}') AS before,
           coalesce(range_agg(tstzrange(begins_at, ends_at)) FILTER (WHERE is_new), '{}') AS after
    FROM (SELECT *, false AS is_new FROM gone UNION ALL SELECT *, true FROM come) AS changed
    GROUP BY asset_key
)
INSERT INTO history_due (asset_key, since, until)
SELECT asset_key, lower(differs), coalesce(upper(differs), '9999-01-01Z')
FROM times
CROSS JOIN unnest((before + after) - (before * after)) AS differs
