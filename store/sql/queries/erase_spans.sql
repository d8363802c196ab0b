DELETE FROM span WHERE asset_key = %(asset_key)s AND ends_at <= %(before)s
