DELETE FROM event WHERE asset_key = %(asset_key)s AND observed_at < %(before)s
