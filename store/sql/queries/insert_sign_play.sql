INSERT INTO sign_play (sign_id, frame_id, begins_at, ends_at)
VALUES (%(sign_id)s, %(frame_id)s, %(begins_at)s, %(ends_at)s)
ON CONFLICT DO NOTHING
