-- A frame of the journal that no longer decodes: said once, however often the journal is replayed.
INSERT INTO dead_letter (fingerprint, reason, detail, topic, device_id, payload, first_at, last_at)
VALUES (%(fingerprint)s, %(reason)s, %(detail)s, %(topic)s, %(device_id)s, %(payload)s, %(received_at)s, %(received_at)s)
ON CONFLICT (fingerprint) DO NOTHING
