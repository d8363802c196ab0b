-- Hours and local days of facts: continuous aggregates, refreshed by `refresh_facts`. Twin of 0026_rollups.plain.sql.

SELECT create_hypertable('fact_15m', by_range('bucket', INTERVAL '28 days'), create_default_indexes => false);
CREATE INDEX fact_15m_time ON fact_15m (bucket);
ALTER TABLE fact_15m SET (timescaledb.compress, timescaledb.compress_segmentby = 'asset_key',
                          timescaledb.compress_orderby = 'bucket');
SELECT add_compression_policy('fact_15m', compress_after => INTERVAL '35 days');

CREATE MATERIALIZED VIEW fact_hour
WITH (timescaledb.continuous, timescaledb.materialized_only = false) AS
SELECT
    time_bucket(INTERVAL '1 hour', bucket) AS hour,
    asset_key,
    sum(free_s)     AS free_s,
    sum(occupied_s) AS occupied_s,
    sum(unknown_s)  AS unknown_s,
    sum(closed_s)   AS closed_s,
    sum(inferred_s) AS inferred_s,
    sum(taken_s)    AS taken_s,
    sum(arrivals)   AS arrivals,
    sum(departures) AS departures
FROM fact_15m
GROUP BY 1, 2
WITH NO DATA;

CREATE MATERIALIZED VIEW fact_day
WITH (timescaledb.continuous, timescaledb.materialized_only = false) AS
SELECT
    time_bucket(INTERVAL '1 day', bucket, 'Europe/London') AS day,
    asset_key,
    sum(free_s)     AS free_s,
    sum(occupied_s) AS occupied_s,
    sum(unknown_s)  AS unknown_s,
    sum(closed_s)   AS closed_s,
    sum(inferred_s) AS inferred_s,
    sum(taken_s)    AS taken_s,
    sum(arrivals)   AS arrivals,
    sum(departures) AS departures
FROM fact_15m
GROUP BY 1, 2
WITH NO DATA;

-- Materialises exactly those hours and days anew of which facts changed. A note is taken away only after that.
CREATE PROCEDURE refresh_facts() LANGUAGE plpgsql AS $$
DECLARE
    noted record;
BEGIN
    SELECT range_agg(tstzrange(date_trunc('hour', begins_at, 'UTC'),
                               date_trunc('hour', ends_at - INTERVAL '1 microsecond', 'UTC') + INTERVAL '1 hour')) AS hours,
           range_agg(tstzrange(local_day_of(begins_at),
                               local_day_of(local_day_of(ends_at - INTERVAL '1 microsecond') + INTERVAL '36 hours'))) AS days,
           array_agg(touched_id) AS ids
    INTO noted
    FROM fact_touched;
    CALL refresh_ranges('fact_hour', noted.hours);
    CALL refresh_ranges('fact_day', noted.days);
    DELETE FROM fact_touched WHERE touched_id = ANY (noted.ids);
END
$$;

CREATE PROCEDURE refresh_ranges(aggregate regclass, ranges tstzmultirange) LANGUAGE plpgsql AS $$
DECLARE
    part tstzrange;
BEGIN
    FOR part IN SELECT unnest(ranges) LOOP
        CALL refresh_continuous_aggregate(aggregate, lower(part), upper(part));
    END LOOP;
END
$$;
