-- What questions about the past are answered from: facts of any time in as few rows as there are for it.

-- How far history is told: facts are kept up to `facts_until`, what is over after that comes from the spans. Of the local days
-- `pending`, hours and days may not have followed their facts yet.
CREATE VIEW history_told AS
SELECT h.facts_until, greatest(h.facts_until, date_trunc('second', p.as_of)) AS told_until, p.as_of, t.pending
FROM history AS h
CROSS JOIN platform AS p
CROSS JOIN (
    SELECT coalesce(range_agg(tstzrange(local_day_of(begins_at),
                                        local_day_of(local_day_of(ends_at - INTERVAL '1 microsecond')
                                                     + INTERVAL '36 hours'))), '{}') AS pending
    FROM fact_touched
) AS t;

-- Facts from the spans of assets. A function of its own, so that the planner does not take its guess for a great deal.
CREATE FUNCTION facts_of_spans(asset_keys integer[], begins_at timestamptz, ends_at timestamptz)
RETURNS SETOF fact_15m LANGUAGE plpgsql STABLE ROWS 1000 AS $$
BEGIN
    RETURN QUERY SELECT * FROM facts_between(asset_keys, array_fill(begins_at, ARRAY[cardinality(asset_keys)]),
                                             array_fill(ends_at, ARRAY[cardinality(asset_keys)]));
END
$$;

-- Facts of assets in stretches of time, each read as 'day' (from a local midnight to another), 'hour', 'quarter' or, after
-- the end of the kept facts, from the spans ('span', from the beginning of a quarter).
CREATE FUNCTION facts_over(asset_keys integer[], grains text[], begins timestamptz[], ends timestamptz[])
RETURNS TABLE (at timestamptz, asset_key integer, free_s bigint, occupied_s bigint, unknown_s bigint, closed_s bigint,
               inferred_s bigint, taken_s bigint, arrivals bigint, departures bigint)
LANGUAGE sql STABLE ROWS 10000 AS $$
    SELECT f.*
    FROM unnest($2, $3, $4) AS stretch (grain, begins_at, ends_at)
    CROSS JOIN LATERAL (
        SELECT d.day, d.asset_key, d.free_s, d.occupied_s, d.unknown_s, d.closed_s, d.inferred_s, d.taken_s, d.arrivals,
               d.departures
        FROM fact_day AS d
        WHERE stretch.grain = 'day' AND d.asset_key = ANY ($1) AND d.day >= stretch.begins_at AND d.day < stretch.ends_at
        UNION ALL
        SELECT h.hour, h.asset_key, h.free_s, h.occupied_s, h.unknown_s, h.closed_s, h.inferred_s, h.taken_s, h.arrivals,
               h.departures
        FROM fact_hour AS h
        WHERE stretch.grain = 'hour' AND h.asset_key = ANY ($1) AND h.hour >= stretch.begins_at AND h.hour < stretch.ends_at
        UNION ALL
        SELECT q.bucket, q.asset_key, q.free_s, q.occupied_s, q.unknown_s, q.closed_s, q.inferred_s, q.taken_s,
               q.arrivals, q.departures
        FROM fact_15m AS q
        WHERE stretch.grain = 'quarter' AND q.asset_key = ANY ($1) AND q.bucket >= stretch.begins_at
          AND q.bucket < stretch.ends_at
        UNION ALL
        SELECT s.*
        FROM facts_of_spans($1, stretch.begins_at, stretch.ends_at) AS s
        WHERE stretch.grain = 'span'
    ) AS f
$$;
