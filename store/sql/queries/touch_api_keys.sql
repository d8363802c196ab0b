UPDATE api_key SET last_used_at = greatest(last_used_at, %(now)s) WHERE key_id = ANY (%(key_ids)s)
