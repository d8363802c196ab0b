-- Facts without `taken_s`: no answer tells it, of bays it says what `occupied_s` says, and it was a tenth of what facts take.

DROP VIEW fact_tail;
DROP FUNCTION facts_over(integer[], text[], timestamptz[], timestamptz[]);
ALTER TABLE fact_15m DROP COLUMN taken_s;
ALTER TABLE fact_hour DROP COLUMN taken_s;
ALTER TABLE fact_day DROP COLUMN taken_s;

-- As in 0034.
CREATE OR REPLACE FUNCTION facts_between(asset_keys integer[], begins timestamptz[], ends timestamptz[])
RETURNS SETOF fact_15m LANGUAGE sql STABLE AS $$
    SELECT
        bucket,
        asset_key,
        coalesce(sum((capacity - held) * seconds) FILTER (WHERE state IN ('free', 'occupied')), 0)::integer,
        coalesce(sum(held * seconds) FILTER (WHERE state IN ('free', 'occupied')), 0)::integer,
        (capacity * length_s - coalesce(sum(capacity * seconds) FILTER (WHERE state <> 'unknown'), 0))::integer,
        coalesce(sum(capacity * seconds) FILTER (WHERE state = 'closed'), 0)::integer,
        coalesce(sum(capacity * seconds) FILTER (WHERE quality <> 'observed'), 0)::integer,
        sum(arrivals)::integer,
        sum(departures)::integer,
        sum(charge_sessions)::bigint,
        sum(energy_mwh)::bigint
    FROM (
        SELECT
            quarter.bucket, w.asset_key, a.capacity, s.state, s.quality,
            least(s.taken, a.capacity) AS held,
            extract(epoch FROM least(quarter.bucket + INTERVAL '15 minutes', w.ends_at) - quarter.bucket)::integer AS length_s,
            extract(epoch FROM least(s.ends_at, quarter.bucket + INTERVAL '15 minutes', w.ends_at)
                - greatest(s.begins_at, quarter.bucket))::integer AS seconds,
            CASE WHEN s.begins_at >= quarter.bucket THEN s.arrivals ELSE 0 END   AS arrivals,
            CASE WHEN s.begins_at >= quarter.bucket THEN s.departures ELSE 0 END AS departures,
            0::bigint AS charge_sessions, 0::bigint AS energy_mwh
        FROM unnest(asset_keys, begins, ends) AS w (asset_key, begins_at, ends_at)
        JOIN asset AS a USING (asset_key)
        CROSS JOIN LATERAL (
            SELECT *
            FROM span
            WHERE span.asset_key = w.asset_key AND span.begins_at < w.ends_at
              AND span.begins_at >= coalesce((SELECT max(first.begins_at) FROM span AS first
                                              WHERE first.asset_key = w.asset_key AND first.begins_at <= w.begins_at),
                                             w.begins_at)
        ) AS s
        CROSS JOIN LATERAL generate_series(
            greatest(quarter_of(s.begins_at), w.begins_at),
            least(s.ends_at, w.ends_at) - INTERVAL '1 microsecond',
            INTERVAL '15 minutes') AS quarter (bucket)
        UNION ALL
        SELECT
            quarter_of(c.at), w.asset_key, a.capacity, NULL, NULL, 0,
            extract(epoch FROM least(quarter_of(c.at) + INTERVAL '15 minutes', w.ends_at) - quarter_of(c.at))::integer,
            0, 0, 0, c.charge_sessions, c.energy_mwh
        FROM unnest(asset_keys, begins, ends) AS w (asset_key, begins_at, ends_at)
        JOIN asset AS a ON a.asset_key = w.asset_key AND a.kind = 'bench'
        CROSS JOIN LATERAL charged_between(w.asset_key, w.begins_at, w.ends_at) AS c
    ) AS piece
    GROUP BY bucket, asset_key, capacity, length_s
$$;

-- What is over, but not kept as facts yet: from `facts_until` to the moment that the platform vouches for.
CREATE VIEW fact_tail AS
SELECT f.*
FROM history AS h
CROSS JOIN platform AS p
CROSS JOIN LATERAL facts_of_all(h.facts_until, date_trunc('second', p.as_of)) AS f;

-- As in 0034: each stretch is read as 'day' (from a local midnight to another), 'hour', 'quarter' or, after the end of the kept
-- facts, from the spans ('span', from the beginning of a quarter).
CREATE FUNCTION facts_over(asset_keys integer[], grains text[], begins timestamptz[], ends timestamptz[])
RETURNS TABLE (at timestamptz, asset_key integer, free_s bigint, occupied_s bigint, unknown_s bigint, closed_s bigint,
               inferred_s bigint, arrivals bigint, departures bigint)
LANGUAGE sql STABLE ROWS 10000 AS $$
    SELECT f.*
    FROM unnest($2, $3, $4) AS stretch (grain, begins_at, ends_at)
    CROSS JOIN LATERAL (
        SELECT d.day, d.asset_key, d.free_s, d.occupied_s, d.unknown_s, d.closed_s, d.inferred_s, d.arrivals,
               d.departures
        FROM fact_day AS d
        WHERE stretch.grain = 'day' AND d.asset_key = ANY ($1) AND d.day >= stretch.begins_at AND d.day < stretch.ends_at
        UNION ALL
        SELECT h.hour, h.asset_key, h.free_s, h.occupied_s, h.unknown_s, h.closed_s, h.inferred_s, h.arrivals,
               h.departures
        FROM fact_hour AS h
        WHERE stretch.grain = 'hour' AND h.asset_key = ANY ($1) AND h.hour >= stretch.begins_at AND h.hour < stretch.ends_at
        UNION ALL
        SELECT q.bucket, q.asset_key, q.free_s, q.occupied_s, q.unknown_s, q.closed_s, q.inferred_s,
               q.arrivals, q.departures
        FROM fact_15m AS q
        WHERE stretch.grain = 'quarter' AND q.asset_key = ANY ($1) AND q.bucket >= stretch.begins_at
          AND q.bucket < stretch.ends_at
        UNION ALL
        SELECT s.bucket, s.asset_key, s.free_s, s.occupied_s, s.unknown_s, s.closed_s, s.inferred_s,
               s.arrivals, s.departures
        FROM facts_of_spans($1, stretch.begins_at, stretch.ends_at) AS s
        WHERE stretch.grain = 'span'
    ) AS f
$$;
