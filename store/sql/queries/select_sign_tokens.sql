-- `sign_scope` NULL: of every sign, those that are good, with what they are compared with.
SELECT key_id, secret_hash, scopes, created_at, expires_at, last_used_at, revoked_at
FROM api_key
WHERE CASE WHEN %(sign_scope)s::text IS NULL
      THEN scopes[1] LIKE 'sign:%%' AND revoked_at IS NULL AND expires_at > %(now)s
      ELSE scopes @> ARRAY[%(sign_scope)s::text] END
ORDER BY created_at DESC, key_id
