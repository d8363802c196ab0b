-- Hours and local days of facts, kept up to date by `refresh_facts`. Twin of 0026_rollups.timescale.sql.

CREATE TABLE fact_hour (
    hour       timestamptz NOT NULL,
    asset_key  integer     NOT NULL,
    free_s     bigint      NOT NULL,
    occupied_s bigint      NOT NULL,
    unknown_s  bigint      NOT NULL,
    closed_s   bigint      NOT NULL,
    inferred_s bigint      NOT NULL,
    taken_s    bigint      NOT NULL,
    arrivals   bigint      NOT NULL,
    departures bigint      NOT NULL,
    PRIMARY KEY (asset_key, hour)
);
CREATE INDEX fact_hour_time ON fact_hour (hour);

CREATE TABLE fact_day (
    day        timestamptz NOT NULL,   -- its beginning in London
    asset_key  integer     NOT NULL,
    free_s     bigint      NOT NULL,
    occupied_s bigint      NOT NULL,
    unknown_s  bigint      NOT NULL,
    closed_s   bigint      NOT NULL,
    inferred_s bigint      NOT NULL,
    taken_s    bigint      NOT NULL,
    arrivals   bigint      NOT NULL,
    departures bigint      NOT NULL,
    PRIMARY KEY (asset_key, day)
);
CREATE INDEX fact_day_time ON fact_day (day);
CREATE INDEX fact_15m_time ON fact_15m (bucket);

-- Sums exactly those hours and days anew of which facts changed.
CREATE PROCEDURE refresh_facts() LANGUAGE plpgsql AS $$
BEGIN
    CREATE TEMPORARY TABLE touched ON COMMIT DROP AS
    WITH gone AS (DELETE FROM fact_touched RETURNING *)
    SELECT asset_key, date_trunc('hour', begins_at, 'UTC') AS begins_at,
           date_trunc('hour', ends_at - INTERVAL '1 microsecond', 'UTC') + INTERVAL '1 hour' AS ends_at
    FROM gone;

    -- Hours that have facts now, and those that had some.
    CREATE TEMPORARY TABLE touched_hour ON COMMIT DROP AS
    SELECT f.asset_key, date_trunc('hour', bucket, 'UTC') AS hour
    FROM touched AS t JOIN fact_15m AS f ON f.asset_key = t.asset_key AND bucket >= t.begins_at AND bucket < t.ends_at
    UNION
    SELECT f.asset_key, date_trunc('hour', bucket, 'UTC')
    FROM touched AS t JOIN fact_15m AS f ON t.asset_key IS NULL AND bucket >= t.begins_at AND bucket < t.ends_at
    UNION
    SELECT f.asset_key, hour
    FROM touched AS t JOIN fact_hour AS f ON f.asset_key = t.asset_key AND hour >= t.begins_at AND hour < t.ends_at;
    ANALYZE touched_hour;

    DELETE FROM fact_hour USING touched_hour AS t WHERE fact_hour.asset_key = t.asset_key AND fact_hour.hour = t.hour;
    INSERT INTO fact_hour
    SELECT t.hour, t.asset_key, sum(free_s), sum(occupied_s), sum(unknown_s), sum(closed_s), sum(inferred_s), sum(taken_s),
           sum(arrivals), sum(departures)
    FROM touched_hour AS t
    JOIN fact_15m AS f ON f.asset_key = t.asset_key AND f.bucket >= t.hour AND f.bucket < t.hour + INTERVAL '1 hour'
    GROUP BY t.hour, t.asset_key;

    CREATE TEMPORARY TABLE touched_day ON COMMIT DROP AS
    SELECT asset_key, day, local_day_of(day + INTERVAL '36 hours') AS day_after
    FROM (SELECT DISTINCT asset_key, local_day_of(hour) AS day FROM touched_hour) AS touched;
    ANALYZE touched_day;

    DELETE FROM fact_day USING touched_day AS t WHERE fact_day.asset_key = t.asset_key AND fact_day.day = t.day;
    INSERT INTO fact_day
    SELECT t.day, t.asset_key, sum(free_s), sum(occupied_s), sum(unknown_s), sum(closed_s), sum(inferred_s), sum(taken_s),
           sum(arrivals), sum(departures)
    FROM touched_day AS t
    JOIN fact_hour AS f ON f.asset_key = t.asset_key AND f.hour >= t.day AND f.hour < t.day_after
    GROUP BY t.day, t.asset_key;
END
$$;
