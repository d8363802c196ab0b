-- Charging of benches in facts; notes that say how long they wait; and from where on history can be told anew.

-- `facts`: the facts of all of that time, too, whatever the spans say.
ALTER TABLE history_due
    ADD COLUMN IF NOT EXISTS facts boolean NOT NULL DEFAULT false,
    ADD COLUMN noted_at timestamptz NOT NULL DEFAULT now();

-- Words and readings from `raw_from` on are kept, and count; those before count no more. From `frozen_until` on history is
-- told anew; before, it stays what it is, for what it was told by is gone. Of benches both are much later.
ALTER TABLE history
    ADD COLUMN raw_from             timestamptz NOT NULL DEFAULT '0001-01-01Z',
    ADD COLUMN frozen_until         timestamptz NOT NULL DEFAULT '0001-01-01Z',
    ADD COLUMN benches_raw_from     timestamptz NOT NULL DEFAULT '0001-01-01Z',
    ADD COLUMN benches_frozen_until timestamptz NOT NULL DEFAULT '0001-01-01Z',
    ADD COLUMN tidied_on            date;   -- the local day of which the nightly work was last done

ALTER TABLE fact_15m
    ADD COLUMN charge_sessions bigint NOT NULL DEFAULT 0,   -- that ended, or were counted, in this quarter
    ADD COLUMN energy_mwh      bigint NOT NULL DEFAULT 0;   -- taken out by those who charge, milliwatt-hours

-- From where on a bay's or a bench's words count, and from where on its history may change.
CREATE VIEW history_horizon AS
SELECT a.asset_key, a.kind = 'bench' AS is_bench,
       CASE WHEN a.kind = 'bench' THEN h.benches_raw_from ELSE h.raw_from END         AS raw_from,
       CASE WHEN a.kind = 'bench' THEN h.benches_frozen_until ELSE h.frozen_until END AS frozen_until
FROM asset AS a CROSS JOIN history AS h;

-- What a bench's devices counted between two moments, each of them while it was there: the step from one reading of a
-- total to the next, at the time of the later one. A total that is smaller began anew. Whole milliwatt-hours, so that sums
-- are exact.
CREATE FUNCTION charged_between(of_asset integer, since timestamptz, until timestamptz)
RETURNS TABLE (at timestamptz, charge_sessions bigint, energy_mwh bigint) LANGUAGE sql STABLE AS $$
    SELECT step.at,
           CASE WHEN step.key = 'charge_sessions_total' THEN step.more ELSE 0 END,
           CASE WHEN step.key = 'energy_wh_total' THEN step.more ELSE 0 END
    FROM (
        SELECT s.key, reading.at,
               CASE WHEN reading.total >= reading.before THEN reading.total - reading.before ELSE reading.total END AS more
        FROM (
            SELECT i.device_key, k.key, greatest(i.begins_at, h.raw_from) AS begins_at,
                   greatest(i.begins_at, h.raw_from, $2) AS since, least(i.ends_at, $3) AS until
            FROM installation AS i
            JOIN history_horizon AS h ON h.asset_key = i.asset_key AND h.is_bench
            CROSS JOIN (VALUES ('charge_sessions_total'), ('energy_wh_total')) AS k (key)
            WHERE i.asset_key = $1 AND i.begins_at < $3 AND (i.ends_at IS NULL OR i.ends_at > $2)
        ) AS s
        CROSS JOIN LATERAL (
            SELECT r.at, r.total, lag(r.total) OVER (ORDER BY r.at, r.total) AS before
            FROM (
                (SELECT m.observed_at AS at, round(m.value * CASE s.key WHEN 'energy_wh_total' THEN 1000 ELSE 1 END)::bigint
                    AS total
                 FROM measurement AS m
                 WHERE m.device_key = s.device_key AND m.key = s.key
                   AND m.observed_at >= s.begins_at AND m.observed_at < s.since
                 ORDER BY m.observed_at DESC, m.value DESC
                 LIMIT 1)
                UNION ALL
                SELECT m.observed_at, round(m.value * CASE s.key WHEN 'energy_wh_total' THEN 1000 ELSE 1 END)::bigint
                FROM measurement AS m
                WHERE m.device_key = s.device_key AND m.key = s.key AND m.observed_at >= s.since AND m.observed_at < s.until
            ) AS r
        ) AS reading
        WHERE reading.before IS NOT NULL AND reading.at >= s.since
    ) AS step
$$;

DROP VIEW fact_tail;

-- As in 0025, with what benches counted. A quarter of an hour of which nothing but that is known is unknown.
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
        sum(taken * seconds)::integer,
        sum(arrivals)::integer,
        sum(departures)::integer,
        sum(charge_sessions)::bigint,
        sum(energy_mwh)::bigint
    FROM (
        SELECT
            quarter.bucket, w.asset_key, a.capacity, s.state, s.taken, s.quality,
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
            quarter_of(c.at), w.asset_key, a.capacity, NULL, 0, NULL, 0,
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

-- Stretches of time of assets, made as wide as hours or local days are, each asset's without overlap.
CREATE FUNCTION whole_hours(asset_keys integer[], begins timestamptz[], ends timestamptz[])
RETURNS TABLE (asset_key integer, stretch tstzrange) LANGUAGE sql STABLE AS $$
    SELECT asset_key, unnest(range_agg(tstzrange(
        date_trunc('hour', begins_at, 'UTC'), date_trunc('hour', ends_at + INTERVAL '59 minutes 59.999999 seconds', 'UTC'))))
    FROM unnest(asset_keys, begins, ends) AS w (asset_key, begins_at, ends_at)
    GROUP BY asset_key
$$;
CREATE FUNCTION whole_days(asset_keys integer[], begins timestamptz[], ends timestamptz[])
RETURNS TABLE (asset_key integer, stretch tstzrange) LANGUAGE sql STABLE AS $$
    SELECT asset_key, unnest(range_agg(tstzrange(
        local_day_of(begins_at), local_day_of(local_day_of(ends_at - INTERVAL '1 microsecond') + INTERVAL '36 hours'))))
    FROM unnest(asset_keys, begins, ends) AS w (asset_key, begins_at, ends_at)
    GROUP BY asset_key
$$;

-- How far history is told: facts are kept up to `facts_until`, what is over after that comes from the spans.
CREATE VIEW history_told AS
SELECT h.facts_until, greatest(h.facts_until, date_trunc('second', p.as_of)) AS told_until, p.as_of
FROM history AS h
CROSS JOIN platform AS p;

-- Facts of assets in stretches of time, each read as 'day' (from a local midnight to another), 'hour', 'quarter' or, after
-- the end of the kept facts, from the spans ('span', from the beginning of a quarter).
CREATE OR REPLACE FUNCTION facts_over(asset_keys integer[], grains text[], begins timestamptz[], ends timestamptz[])
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
        SELECT s.bucket, s.asset_key, s.free_s, s.occupied_s, s.unknown_s, s.closed_s, s.inferred_s, s.taken_s,
               s.arrivals, s.departures
        FROM facts_of_spans($1, stretch.begins_at, stretch.ends_at) AS s
        WHERE stretch.grain = 'span'
    ) AS f
$$;
