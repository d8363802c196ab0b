DELETE FROM fact_hour WHERE asset_key = %(asset_key)s AND hour < %(before)s
