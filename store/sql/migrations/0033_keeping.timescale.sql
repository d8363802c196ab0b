-- Sums of facts belong to the transaction that changes the facts, and what is old goes. Twin of 0033_keeping.plain.sql.
-- Continuous aggregates cannot be part of a transaction: docs/adr/0012-sums-of-facts.md.

-- Of whatever day it is, hours and days follow their facts at once: nothing is pending any more.
DROP VIEW history_told;
DROP PROCEDURE refresh_facts();
DROP PROCEDURE refresh_ranges(regclass, tstzmultirange);
DROP MATERIALIZED VIEW fact_hour;
DROP MATERIALIZED VIEW fact_day;
DROP TABLE fact_touched;

CREATE TABLE fact_hour (
    hour            timestamptz NOT NULL,
    asset_key       integer     NOT NULL,
    free_s          bigint      NOT NULL,
    occupied_s      bigint      NOT NULL,
    unknown_s       bigint      NOT NULL,
    closed_s        bigint      NOT NULL,
    inferred_s      bigint      NOT NULL,
    taken_s         bigint      NOT NULL,
    arrivals        bigint      NOT NULL,
    departures      bigint      NOT NULL,
    charge_sessions bigint      NOT NULL DEFAULT 0,
    energy_mwh      bigint      NOT NULL DEFAULT 0,
    PRIMARY KEY (asset_key, hour)
);
SELECT create_hypertable('fact_hour', by_range('hour', INTERVAL '112 days'), create_default_indexes => false);
CREATE INDEX fact_hour_time ON fact_hour (hour);
ALTER TABLE fact_hour SET (timescaledb.compress, timescaledb.compress_segmentby = 'asset_key',
                           timescaledb.compress_orderby = 'hour');

CREATE TABLE fact_day (
    day             timestamptz NOT NULL,   -- its beginning in London
    asset_key       integer     NOT NULL,
    free_s          bigint      NOT NULL,
    occupied_s      bigint      NOT NULL,
    unknown_s       bigint      NOT NULL,
    closed_s        bigint      NOT NULL,
    inferred_s      bigint      NOT NULL,
    taken_s         bigint      NOT NULL,
    arrivals        bigint      NOT NULL,
    departures      bigint      NOT NULL,
    charge_sessions bigint      NOT NULL DEFAULT 0,
    energy_mwh      bigint      NOT NULL DEFAULT 0,
    PRIMARY KEY (asset_key, day)
);
CREATE INDEX fact_day_time ON fact_day (day);

INSERT INTO fact_hour
SELECT date_trunc('hour', bucket, 'UTC'), asset_key, sum(free_s), sum(occupied_s), sum(unknown_s), sum(closed_s),
       sum(inferred_s), sum(taken_s), sum(arrivals), sum(departures)
FROM fact_15m
GROUP BY 1, 2;
INSERT INTO fact_day
SELECT local_day_of(hour), asset_key, sum(free_s), sum(occupied_s), sum(unknown_s), sum(closed_s), sum(inferred_s),
       sum(taken_s), sum(arrivals), sum(departures)
FROM fact_hour
GROUP BY 1, 2;

-- Whole chunks that are older than a moment go at once. Of the journal they go by a policy.
CREATE FUNCTION forget(relation text, since timestamptz, before timestamptz, OUT gone bigint, OUT reached timestamptz)
LANGUAGE sql AS $$
    SELECT CASE WHEN $1 = 'uplink' THEN 0 ELSE (SELECT count(*) FROM drop_chunks($1::regclass, older_than => $3)) END,
           NULL::timestamptz
$$;

-- After so many days chunks are compressed; after so many the journal's are dropped, 0 for never.
CREATE PROCEDURE set_policies(journal_days integer, compress_journal_days integer, compress_measurements_days integer,
                              compress_facts_days integer)
LANGUAGE plpgsql AS $$
DECLARE
    wanted record;
BEGIN
    FOR wanted IN
        SELECT *
        FROM (VALUES ('uplink', compress_journal_days), ('measurement', compress_measurements_days),
                     ('event', compress_measurements_days), ('fact_15m', compress_facts_days),
                     ('fact_hour', compress_facts_days)) AS w (relation, days)
        WHERE NOT EXISTS (
            SELECT FROM timescaledb_information.jobs AS j
            WHERE j.proc_name = 'policy_compression' AND j.hypertable_name = w.relation
              AND (j.config ->> 'compress_after')::interval = make_interval(days => w.days))
    LOOP
        PERFORM remove_compression_policy(wanted.relation::regclass, if_exists => true);
        PERFORM add_compression_policy(wanted.relation::regclass, compress_after => make_interval(days => wanted.days));
    END LOOP;
    IF (SELECT (j.config ->> 'drop_after')::interval FROM timescaledb_information.jobs AS j
        WHERE j.proc_name = 'policy_retention' AND j.hypertable_name = 'uplink')
       IS DISTINCT FROM make_interval(days => nullif(journal_days, 0))
    THEN
        PERFORM remove_retention_policy('uplink', if_exists => true);
        IF journal_days > 0 THEN
            PERFORM add_retention_policy('uplink', drop_after => make_interval(days => journal_days));
        END IF;
    END IF;
END
$$;

-- Hours of which some measurements are gone: `drop_chunks` leaves them, what is deleted goes from them as well.
CREATE PROCEDURE refresh_measurement_hours(since timestamptz, until timestamptz) LANGUAGE plpgsql AS $$
BEGIN
    CALL refresh_continuous_aggregate('measurement_hour', date_trunc('hour', since, 'UTC'),
                                      date_trunc('hour', until, 'UTC') + INTERVAL '1 hour');
END
$$;
