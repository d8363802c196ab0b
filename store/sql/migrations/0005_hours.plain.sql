-- Hours of every device: how often it was heard and how well, and what it measured. Twin of 0005_hours.timescale.sql.
-- Sums and counts, so that any roll-up is a plain sum.

CREATE VIEW device_hour AS
SELECT
    date_bin(INTERVAL '1 hour', received_at, TIMESTAMPTZ '2000-01-01 00:00:00Z') AS hour,
    device_key,
    count(*)        AS frames,
    count(rssi_dbm) AS rssi_count,
    sum(rssi_dbm::double precision) AS rssi_sum,
    min(snr_db)     AS snr_min
FROM uplink
GROUP BY 1, 2;

CREATE VIEW measurement_hour AS
SELECT
    date_bin(INTERVAL '1 hour', observed_at, TIMESTAMPTZ '2000-01-01 00:00:00Z') AS hour,
    device_key,
    key,
    count(*)   AS count,
    sum(value) AS sum,
    min(value) AS low,
    max(value) AS high
FROM measurement
GROUP BY 1, 2, 3;
