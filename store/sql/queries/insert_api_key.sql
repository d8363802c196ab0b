INSERT INTO api_key (key_id, secret_hash, scopes, label, created_at, expires_at)
VALUES (%(key_id)s, %(secret_hash)s, %(scopes)s, %(label)s, %(created_at)s, %(expires_at)s)
