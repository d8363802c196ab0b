-- Stays of vehicles that ended in a period or go on at its end, group by group and (`group_number` NULL) of all. A stay is
-- whole if the bay was known to be free before and after it. Cut ones are at least as long as they were seen.
SELECT
    c.group_number,
    count(*) FILTER (WHERE whole)                     AS whole,
    count(*) FILTER (WHERE NOT whole AND NOT running) AS cut,
    count(*) FILTER (WHERE running)                   AS running,
    count(*) FILTER (WHERE whole AND estimated)       AS estimated,
    (avg(length_s) FILTER (WHERE whole))::float8      AS mean_s,
    percentile_disc(ARRAY[0.5, 0.75, 0.95]) WITHIN GROUP (ORDER BY length_s) FILTER (WHERE whole) AS percentiles,
    count(*) FILTER (WHERE limit_s IS NOT NULL AND (whole OR (NOT running AND length_s > limit_s))) AS limited,
    count(*) FILTER (WHERE NOT running AND length_s > limit_s) AS overstays,
    coalesce(sum(length_s - limit_s) FILTER (WHERE NOT running AND length_s > limit_s), 0)::bigint AS over_s,
    count(*) FILTER (WHERE running AND length_s > limit_s) AS overdue
FROM unnest(%(keys)s::int4[], %(groups)s::int4[], %(limits)s::int4[]) AS c (asset_key, group_number, limit_s)
CROSS JOIN LATERAL (
    SELECT
        max(ends_at) >= %(until)s AS running,
        coalesce(bool_or(before = 'free') AND bool_or(after = 'free') AND max(ends_at) < %(until)s, false) AS whole,
        coalesce(bool_or('inferred' IN (quality, CASE WHEN before = 'free' THEN quality_before END,
                                        CASE WHEN after = 'free' THEN quality_after END)), false) AS estimated,
        extract(epoch FROM least(max(ends_at), %(until)s) - min(begins_at))::integer AS length_s
    FROM (
        SELECT *, count(*) FILTER (WHERE before IS DISTINCT FROM 'occupied') OVER (ORDER BY begins_at) AS stay
        FROM (
            SELECT begins_at, ends_at, state, quality,
                   lag(state) OVER near AS before, lag(quality) OVER near AS quality_before,
                   lead(state) OVER near AS after, lead(quality) OVER near AS quality_after
            FROM span
            WHERE span.asset_key = c.asset_key AND begins_at < %(until)s
              AND begins_at >= coalesce((SELECT max(begins_at) FROM span AS first
                                         WHERE first.asset_key = c.asset_key AND first.begins_at < %(since)s
                                           AND first.state <> 'occupied'), '-infinity')
            WINDOW near AS (ORDER BY begins_at)
        ) AS told
        WHERE state = 'occupied'
    ) AS part
    GROUP BY part.stay
    HAVING max(ends_at) >= %(since)s
) AS stay
GROUP BY GROUPING SETS ((c.group_number), ())
