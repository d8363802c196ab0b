-- Sums of facts belong to the transaction that changes the facts, and what is old goes. Twin of 0033_keeping.timescale.sql.

-- Of whatever day it is, hours and days follow their facts at once: nothing is pending any more.
DROP VIEW history_told;
DROP PROCEDURE refresh_facts();
DROP TABLE fact_touched;

ALTER TABLE fact_hour
    ADD COLUMN charge_sessions bigint NOT NULL DEFAULT 0,
    ADD COLUMN energy_mwh      bigint NOT NULL DEFAULT 0;
ALTER TABLE fact_day
    ADD COLUMN charge_sessions bigint NOT NULL DEFAULT 0,
    ADD COLUMN energy_mwh      bigint NOT NULL DEFAULT 0;

-- One step of forgetting whole kinds of rows that are older than a moment: an hour of them, from `since` or the oldest on.
-- How many rows went, and where to go on; NULL at the end.
CREATE FUNCTION forget(relation text, since timestamptz, before timestamptz, OUT gone bigint, OUT reached timestamptz)
LANGUAGE plpgsql AS $$
DECLARE
    at text := CASE relation WHEN 'uplink' THEN 'received_at' WHEN 'sign_play' THEN 'begins_at' ELSE 'observed_at' END;
BEGIN
    IF since IS NULL THEN
        EXECUTE format('SELECT min(%2$I) FROM %1$I WHERE %2$I < $1', relation, at) INTO since USING before;
    END IF;
    gone := 0;
    IF since IS NULL THEN
        RETURN;
    END IF;
    reached := least(before, since + INTERVAL '1 hour');
    EXECUTE format('DELETE FROM %1$I WHERE %2$I >= $1 AND %2$I < $2', relation, at) USING since, reached;
    GET DIAGNOSTICS gone = ROW_COUNT;
    IF gone = 0 THEN
        EXECUTE format('SELECT min(%2$I) FROM %1$I WHERE %2$I >= $1 AND %2$I < $2', relation, at)
            INTO reached USING reached, before;
    END IF;
    reached := nullif(reached, before);
END
$$;

-- TimescaleDB compresses what is settled and drops the journal by itself; here there is no such step.
CREATE PROCEDURE set_policies(journal_days integer, compress_journal_days integer, compress_measurements_days integer,
                              compress_facts_days integer)
LANGUAGE sql AS $$
    SELECT NULL
$$;

-- Hours of what was measured are a view here.
CREATE PROCEDURE refresh_measurement_hours(since timestamptz, until timestamptz) LANGUAGE sql AS $$
    SELECT NULL
$$;
