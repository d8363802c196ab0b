INSERT INTO device (device_id, model, silent_after_s) VALUES (%(device_id)s, %(model)s, %(silent_after_s)s)
ON CONFLICT (device_id) DO UPDATE SET model = excluded.model, silent_after_s = excluded.silent_after_s
