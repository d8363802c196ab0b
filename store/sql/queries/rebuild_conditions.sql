-- What each device last said of itself, from the journal and the measurements. Nothing is observed after its receipt,
-- so that the newest frame is among those received since the last received one was observed.
INSERT INTO device_state (
    device_key, heard_at, session, f_cnt, rssi_dbm, snr_db, battery_percent_at, battery_percent,
    battery_volts_at, battery_volts, battery_low_at, battery_low, fault_at, fault, tamper_at, tamper
)
SELECT
    d.device_key, newest.observed_at, newest.session, newest.f_cnt, newest.rssi_dbm, newest.snr_db,
    percent.observed_at, percent.value, volts.observed_at, volts.value, low.observed_at, low.value <> 0,
    fault.observed_at, fault.value <> 0, tamper.observed_at, tamper.value <> 0
FROM device AS d
CROSS JOIN LATERAL (
    SELECT u.observed_at, u.session, u.f_cnt, u.rssi_dbm, u.snr_db
    FROM journal AS u
    WHERE u.device_key = d.device_key AND u.received_at >= (
        SELECT l.observed_at FROM journal AS l WHERE l.device_key = d.device_key ORDER BY l.received_at DESC LIMIT 1
    )
    ORDER BY u.observed_at DESC, u.f_cnt DESC, u.session COLLATE "C" DESC, u.rssi_dbm DESC NULLS LAST, u.snr_db DESC NULLS LAST
    LIMIT 1
) AS newest
LEFT JOIN LATERAL (
    SELECT observed_at, value::real FROM measurement WHERE device_key = d.device_key AND key = 'battery_percent'
    ORDER BY observed_at DESC, value DESC LIMIT 1
) AS percent ON true
LEFT JOIN LATERAL (
    SELECT observed_at, value::real FROM measurement WHERE device_key = d.device_key AND key = 'battery_volts'
    ORDER BY observed_at DESC, value DESC LIMIT 1
) AS volts ON true
LEFT JOIN LATERAL (
    SELECT observed_at, value FROM measurement WHERE device_key = d.device_key AND key = 'battery_low'
    ORDER BY observed_at DESC, value DESC LIMIT 1
) AS low ON true
LEFT JOIN LATERAL (
    SELECT observed_at, value FROM measurement WHERE device_key = d.device_key AND key = 'sensor_fault'
    ORDER BY observed_at DESC, value DESC LIMIT 1
) AS fault ON true
LEFT JOIN LATERAL (
    SELECT observed_at, value FROM measurement WHERE device_key = d.device_key AND key = 'tamper'
    ORDER BY observed_at DESC, value DESC LIMIT 1
) AS tamper ON true
WHERE d.device_key = ANY (%(keys)s)
ON CONFLICT (device_key) DO UPDATE
SET heard_at = excluded.heard_at, session = excluded.session, f_cnt = excluded.f_cnt,
    rssi_dbm = excluded.rssi_dbm, snr_db = excluded.snr_db,
    battery_percent_at = excluded.battery_percent_at, battery_percent = excluded.battery_percent,
    battery_volts_at = excluded.battery_volts_at, battery_volts = excluded.battery_volts,
    battery_low_at = excluded.battery_low_at, battery_low = excluded.battery_low,
    fault_at = excluded.fault_at, fault = excluded.fault, tamper_at = excluded.tamper_at, tamper = excluded.tamper
