INSERT INTO sign_frame (sign_id, frame_id, first_at, content)
VALUES (%(sign_id)s, %(frame_id)s, %(at)s, %(content)s)
ON CONFLICT DO NOTHING
