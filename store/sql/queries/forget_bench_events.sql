DELETE FROM event
WHERE asset_key = ANY (%(asset_keys)s) AND observed_at >= %(since)s AND observed_at < %(until)s
