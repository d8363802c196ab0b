INSERT INTO sign_play_batch (sign_id, batch_key, digest, received_at)
VALUES (%(sign_id)s, %(batch_key)s, %(digest)s, %(at)s)
ON CONFLICT DO NOTHING
