-- Which of these frames the journal has.
SELECT asked.frame_key
FROM unnest(%(frame_keys)b::bytea[], %(device_keys)b::int4[], %(sessions)b::text[], %(f_cnts)b::int8[], %(payloads)b::bytea[],
            %(received)b::timestamptz[]) AS asked (frame_key, device_key, session, f_cnt, payload, received_at)
JOIN uplink AS u USING (device_key, received_at)
WHERE u.session = asked.session AND u.f_cnt = asked.f_cnt AND u.payload = asked.payload
