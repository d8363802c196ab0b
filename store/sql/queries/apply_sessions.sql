-- Which counters a batch's frames had, counter by counter in one bit each, and those of them that had been heard before:
-- the frames are new, so their content is not what was heard then.
WITH frame AS (
    SELECT device_key, session, f_cnt, observed_at
    FROM unnest(%(device_keys)b::int4[], %(sessions)b::text[], %(f_cnts)b::int8[], %(observed)b::timestamptz[])
        AS frame (device_key, session, f_cnt, observed_at)
), fresh AS (
    SELECT
        device_key, session, f_cnt / 1024 AS block,
        bit_or(set_bit(0::bit(1024), (f_cnt %% 1024)::integer, 1)) AS heard,
        min(f_cnt) AS first_f_cnt, max(f_cnt) AS last_f_cnt, min(observed_at) AS first_at, max(observed_at) AS last_at
    FROM frame
    GROUP BY device_key, session, f_cnt / 1024
), kept AS (
    INSERT INTO session_block AS now (device_key, session, block, heard, first_f_cnt, last_f_cnt, first_at, last_at)
    SELECT device_key, session, block, heard, first_f_cnt, last_f_cnt, first_at, last_at FROM fresh
    ON CONFLICT (device_key, session, block) DO UPDATE
    SET heard = now.heard | excluded.heard,
        first_f_cnt = least(now.first_f_cnt, excluded.first_f_cnt),
        last_f_cnt = greatest(now.last_f_cnt, excluded.last_f_cnt),
        first_at = least(now.first_at, excluded.first_at),
        last_at = greatest(now.last_at, excluded.last_at)
)
-- This reads the table as it was before the batch.
SELECT frame.device_key, frame.session, frame.f_cnt
FROM fresh
JOIN session_block AS before USING (device_key, session, block)
JOIN frame ON frame.device_key = fresh.device_key AND frame.session = fresh.session AND frame.f_cnt / 1024 = fresh.block
WHERE bit_count(before.heard & fresh.heard) > 0
  AND get_bit(before.heard, (frame.f_cnt %% 1024)::integer) = 1
