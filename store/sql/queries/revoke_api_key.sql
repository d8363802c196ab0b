UPDATE api_key SET revoked_at = %(at)s WHERE key_id = %(key_id)s AND revoked_at IS NULL
