UPDATE api_key SET expires_at = least(expires_at, greatest(%(until)s::timestamptz, created_at + INTERVAL '1 microsecond'))
WHERE scopes @> ARRAY[%(sign_scope)s::text] AND revoked_at IS NULL AND expires_at > %(now)s
RETURNING key_id, expires_at
