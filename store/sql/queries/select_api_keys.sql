SELECT key_id, label, scopes, created_at, expires_at, last_used_at, revoked_at FROM api_key ORDER BY created_at DESC, key_id
