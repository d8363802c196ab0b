-- What devices last said of themselves: of the newest frame what every frame has, of each value the newest that was
-- said, by event time. Of two values of one moment the greater counts.
-- Answers with the devices whose counter fell in the same session.
WITH said AS (
    SELECT
        said.*, old.heard_at AS old_heard_at, old.session AS old_session, old.f_cnt AS old_f_cnt,
        old.rssi_dbm AS old_rssi_dbm, old.snr_db AS old_snr_db, word.newer
    FROM unnest(%(device_keys)b::int4[], %(heard)b::timestamptz[], %(sessions)b::text[], %(device_f_cnts)b::int8[],
                %(rssi)b::float4[], %(snr)b::float4[],
                %(battery_percent_at)b::timestamptz[], %(battery_percent)b::float4[],
                %(battery_volts_at)b::timestamptz[], %(battery_volts)b::float4[],
                %(battery_low_at)b::timestamptz[], %(battery_low)b::bool[],
                %(fault_at)b::timestamptz[], %(fault)b::bool[], %(tamper_at)b::timestamptz[], %(tamper)b::bool[])
        AS said (device_key, heard_at, session, f_cnt, rssi_dbm, snr_db, battery_percent_at, battery_percent,
                 battery_volts_at, battery_volts, battery_low_at, battery_low, fault_at, fault, tamper_at, tamper)
    LEFT JOIN device_state AS old USING (device_key)
    CROSS JOIN LATERAL (
        SELECT old.device_key IS NULL OR
            (said.heard_at, said.f_cnt, said.session COLLATE "C", coalesce(said.rssi_dbm, '-inf'), coalesce(said.snr_db, '-inf'))
            > (old.heard_at, old.f_cnt, old.session COLLATE "C", coalesce(old.rssi_dbm, '-inf'), coalesce(old.snr_db, '-inf'))
            AS newer
    ) AS word
), kept AS (
    INSERT INTO device_state AS now (
        device_key, heard_at, session, f_cnt, rssi_dbm, snr_db, battery_percent_at, battery_percent,
        battery_volts_at, battery_volts, battery_low_at, battery_low, fault_at, fault, tamper_at, tamper
    )
    SELECT
        device_key,
        CASE WHEN newer THEN heard_at ELSE old_heard_at END,
        CASE WHEN newer THEN session ELSE old_session END,
        CASE WHEN newer THEN f_cnt ELSE old_f_cnt END,
        CASE WHEN newer THEN rssi_dbm ELSE old_rssi_dbm END,
        CASE WHEN newer THEN snr_db ELSE old_snr_db END,
        battery_percent_at, battery_percent, battery_volts_at, battery_volts,
        battery_low_at, battery_low, fault_at, fault, tamper_at, tamper
    FROM said
    ON CONFLICT (device_key) DO UPDATE
    SET heard_at = excluded.heard_at,
        session = excluded.session,
        f_cnt = excluded.f_cnt,
        rssi_dbm = excluded.rssi_dbm,
        snr_db = excluded.snr_db,
        battery_percent = CASE WHEN (excluded.battery_percent_at, excluded.battery_percent)
            > (coalesce(now.battery_percent_at, '-infinity'), now.battery_percent)
            THEN excluded.battery_percent ELSE now.battery_percent END,
        battery_percent_at = greatest(now.battery_percent_at, excluded.battery_percent_at),
        battery_volts = CASE WHEN (excluded.battery_volts_at, excluded.battery_volts)
            > (coalesce(now.battery_volts_at, '-infinity'), now.battery_volts)
            THEN excluded.battery_volts ELSE now.battery_volts END,
        battery_volts_at = greatest(now.battery_volts_at, excluded.battery_volts_at),
        battery_low = CASE WHEN (excluded.battery_low_at, excluded.battery_low)
            > (coalesce(now.battery_low_at, '-infinity'), now.battery_low)
            THEN excluded.battery_low ELSE now.battery_low END,
        battery_low_at = greatest(now.battery_low_at, excluded.battery_low_at),
        fault = CASE WHEN (excluded.fault_at, excluded.fault) > (coalesce(now.fault_at, '-infinity'), now.fault)
            THEN excluded.fault ELSE now.fault END,
        fault_at = greatest(now.fault_at, excluded.fault_at),
        tamper = CASE WHEN (excluded.tamper_at, excluded.tamper) > (coalesce(now.tamper_at, '-infinity'), now.tamper)
            THEN excluded.tamper ELSE now.tamper END,
        tamper_at = greatest(now.tamper_at, excluded.tamper_at)
)
SELECT device_key, session, old_f_cnt
FROM said
WHERE newer AND session = old_session AND f_cnt < old_f_cnt - %(reset_by)s
