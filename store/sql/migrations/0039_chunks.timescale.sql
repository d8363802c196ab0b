-- Longer chunks, since what belongs to one device or asset in a chunk is compressed together, and what that costs is paid
-- once for all of it (docs/performance.md). Chunks that are there stay as they are.

SELECT set_chunk_time_interval('uplink', INTERVAL '7 days');
SELECT set_chunk_time_interval('measurement', INTERVAL '7 days');
SELECT set_chunk_time_interval('event', INTERVAL '7 days');

-- Days are kept for ever as well. Reports ask for those of a year: they are compressed when they are older.
SELECT create_hypertable('fact_day', by_range('day', INTERVAL '112 days'), create_default_indexes => false,
                         migrate_data => true);
ALTER TABLE fact_day SET (timescaledb.compress, timescaledb.compress_segmentby = 'asset_key',
                          timescaledb.compress_orderby = 'day');

-- As in 0033, with days: after 400 days at least.
CREATE OR REPLACE PROCEDURE set_policies(journal_days integer, compress_journal_days integer,
                                         compress_measurements_days integer, compress_facts_days integer)
LANGUAGE plpgsql AS $$
DECLARE
    wanted record;
BEGIN
    FOR wanted IN
        SELECT *
        FROM (VALUES ('uplink', compress_journal_days), ('measurement', compress_measurements_days),
                     ('event', compress_measurements_days), ('fact_15m', compress_facts_days),
                     ('fact_hour', compress_facts_days), ('fact_day', greatest(400, compress_facts_days)))
             AS w (relation, days)
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
