INSERT INTO device (device_id, model, silent_after_s)
SELECT record_id, after ->> 'model', (after ->> 'silent_after_s')::integer
FROM register_change
WHERE record = 'device' AND after IS NOT NULL
ON CONFLICT (device_id) DO UPDATE SET model = excluded.model, silent_after_s = excluded.silent_after_s
