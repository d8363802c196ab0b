-- Hours of every device: how often it was heard and how well, and what it measured. Twin of 0005_hours.plain.sql.
-- Continuous aggregates with their newest, not yet materialised part computed on reading (materialized_only = false).
-- WITH NO DATA, since a refresh cannot run inside a migration's transaction; the policies fill them.

CREATE MATERIALIZED VIEW device_hour
WITH (timescaledb.continuous, timescaledb.materialized_only = false) AS
SELECT
    time_bucket(INTERVAL '1 hour', received_at) AS hour,
    device_key,
    count(*)        AS frames,
    count(rssi_dbm) AS rssi_count,
    sum(rssi_dbm::double precision) AS rssi_sum,
    min(snr_db)     AS snr_min
FROM uplink
GROUP BY 1, 2
WITH NO DATA;
SELECT add_continuous_aggregate_policy('device_hour', start_offset => INTERVAL '3 days',
    end_offset => INTERVAL '1 hour', schedule_interval => INTERVAL '15 minutes');

CREATE MATERIALIZED VIEW measurement_hour
WITH (timescaledb.continuous, timescaledb.materialized_only = false) AS
SELECT
    time_bucket(INTERVAL '1 hour', observed_at) AS hour,
    device_key,
    key,
    count(*)   AS count,
    sum(value) AS sum,
    min(value) AS low,
    max(value) AS high
FROM measurement
GROUP BY 1, 2, 3
WITH NO DATA;
SELECT add_continuous_aggregate_policy('measurement_hour', start_offset => INTERVAL '15 days',
    end_offset => INTERVAL '1 hour', schedule_interval => INTERVAL '15 minutes');
