SELECT secret_hash, scopes, last_used_at FROM api_key
WHERE key_id = %(key_id)s AND revoked_at IS NULL AND expires_at > %(now)s
