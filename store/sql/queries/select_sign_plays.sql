SELECT frame_id, begins_at, ends_at FROM sign_play
WHERE sign_id = %(sign_id)s AND begins_at >= %(begin)s::timestamptz - INTERVAL '1 hour' AND begins_at < %(end)s AND ends_at > %(begin)s
ORDER BY begins_at
