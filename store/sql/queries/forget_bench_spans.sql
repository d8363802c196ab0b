DELETE FROM span
WHERE asset_key = ANY (%(asset_keys)s) AND ends_at <= %(before)s
