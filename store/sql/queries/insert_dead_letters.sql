-- The same garbage again is the same row, counted.
INSERT INTO dead_letter (fingerprint, reason, detail, topic, device_id, payload, first_at, last_at)
VALUES (%(fingerprint)s, %(reason)s, %(detail)s, %(topic)s, %(device_id)s, %(payload)s, %(received_at)s, %(received_at)s)
ON CONFLICT (fingerprint) DO UPDATE
SET times = dead_letter.times + 1, last_at = greatest(dead_letter.last_at, excluded.last_at)
