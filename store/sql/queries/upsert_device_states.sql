-- What devices last said of themselves; a value that was not said this time stays.
INSERT INTO device_state AS now (device_key, heard_at, session, f_cnt, rssi_dbm, snr_db, battery_percent, battery_volts,
                                 battery_low, fault, tamper)
SELECT * FROM unnest(%(device_keys)s::integer[], %(heard)s::timestamptz[], %(sessions)s::text[], %(f_cnts)s::bigint[],
                     %(rssi)s::real[], %(snr)s::real[], %(battery_percent)s::real[], %(battery_volts)s::real[],
                     %(battery_low)s::boolean[], %(fault)s::boolean[], %(tamper)s::boolean[])
ON CONFLICT (device_key) DO UPDATE
SET heard_at = excluded.heard_at,
    session = excluded.session,
    f_cnt = excluded.f_cnt,
    rssi_dbm = coalesce(excluded.rssi_dbm, now.rssi_dbm),
    snr_db = coalesce(excluded.snr_db, now.snr_db),
    battery_percent = coalesce(excluded.battery_percent, now.battery_percent),
    battery_volts = coalesce(excluded.battery_volts, now.battery_volts),
    battery_low = coalesce(excluded.battery_low, now.battery_low),
    fault = coalesce(excluded.fault, now.fault),
    tamper = coalesce(excluded.tamper, now.tamper)
WHERE (excluded.heard_at, excluded.f_cnt) >= (now.heard_at, now.f_cnt)
