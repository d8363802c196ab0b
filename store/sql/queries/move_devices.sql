-- The ordinary frame, and nearly all are ordinary: one of its device in the batch, newer than what the device said before,
-- with a counter that was not heard in a block of counters that has begun. What `apply_conditions` and `apply_sessions`
-- make of it, in one pass; it answers for whose frames each of the two has nothing left to do.
WITH said AS MATERIALIZED (
    SELECT *
    FROM unnest(%(device_keys)b::int4[], %(heard)b::timestamptz[], %(sessions)b::text[], %(device_f_cnts)b::int8[],
                %(rssi)b::float4[], %(snr)b::float4[])
        AS said (device_key, heard_at, session, f_cnt, rssi_dbm, snr_db)
), moved AS (
    UPDATE device_state AS now
    SET heard_at = said.heard_at, session = said.session, f_cnt = said.f_cnt,
        rssi_dbm = said.rssi_dbm, snr_db = said.snr_db
    FROM said
    WHERE now.device_key = said.device_key
      AND (said.heard_at, said.f_cnt, said.session COLLATE "C", coalesce(said.rssi_dbm, '-inf'), coalesce(said.snr_db, '-inf'))
          > (now.heard_at, now.f_cnt, now.session COLLATE "C", coalesce(now.rssi_dbm, '-inf'), coalesce(now.snr_db, '-inf'))
      AND NOT (said.session = now.session AND said.f_cnt < now.f_cnt - %(reset_by)s)
    RETURNING now.device_key
), noted AS (
    UPDATE session_block AS now
    SET heard = set_bit(now.heard, (said.f_cnt %% 1024)::integer, 1),
        first_f_cnt = least(now.first_f_cnt, said.f_cnt),
        last_f_cnt = greatest(now.last_f_cnt, said.f_cnt),
        first_at = least(now.first_at, said.heard_at),
        last_at = greatest(now.last_at, said.heard_at)
    FROM said
    WHERE now.device_key = said.device_key AND now.session = said.session AND now.block = said.f_cnt / 1024
      AND get_bit(now.heard, (said.f_cnt %% 1024)::integer) = 0
    RETURNING now.device_key
)
SELECT
    (SELECT coalesce(array_agg(device_key), '{}') FROM moved) AS moved,
    (SELECT coalesce(array_agg(device_key), '{}') FROM noted) AS noted
