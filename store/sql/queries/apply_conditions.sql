-- What devices last said with every frame: that of the newest, by event time.
-- Answers with the devices whose counter fell in the same session.
WITH said AS (
    SELECT said.*, old.session AS old_session, old.f_cnt AS old_f_cnt
    FROM unnest(%(device_keys)b::int4[], %(heard)b::timestamptz[], %(sessions)b::text[], %(device_f_cnts)b::int8[],
                %(rssi)b::float4[], %(snr)b::float4[])
        AS said (device_key, heard_at, session, f_cnt, rssi_dbm, snr_db)
    LEFT JOIN device_state AS old USING (device_key)
    WHERE old.device_key IS NULL OR
        (said.heard_at, said.f_cnt, said.session COLLATE "C", coalesce(said.rssi_dbm, '-inf'), coalesce(said.snr_db, '-inf'))
        > (old.heard_at, old.f_cnt, old.session COLLATE "C", coalesce(old.rssi_dbm, '-inf'), coalesce(old.snr_db, '-inf'))
), kept AS (
    INSERT INTO device_state (device_key, heard_at, session, f_cnt, rssi_dbm, snr_db)
    SELECT device_key, heard_at, session, f_cnt, rssi_dbm, snr_db FROM said
    ON CONFLICT (device_key) DO UPDATE
    SET heard_at = excluded.heard_at,
        session = excluded.session,
        f_cnt = excluded.f_cnt,
        rssi_dbm = excluded.rssi_dbm,
        snr_db = excluded.snr_db
)
SELECT device_key, session, old_f_cnt
FROM said
WHERE session = old_session AND f_cnt < old_f_cnt - %(reset_by)s
