INSERT INTO session_block (device_key, session, block, heard, first_f_cnt, last_f_cnt, first_at, last_at)
SELECT device_key, session, f_cnt / 1024, bit_or(set_bit(0::bit(1024), (f_cnt %% 1024)::integer, 1)),
       min(f_cnt), max(f_cnt), min(observed_at), max(observed_at)
FROM journal
WHERE device_key = ANY (%(keys)s)
GROUP BY device_key, session, f_cnt / 1024
