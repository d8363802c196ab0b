UPDATE api_key SET revoked_at = %(now)s
WHERE scopes @> ARRAY[%(sign_scope)s::text] AND revoked_at IS NULL AND expires_at > %(now)s
  AND (%(key_id)s::text IS NULL OR key_id = %(key_id)s)
RETURNING key_id
