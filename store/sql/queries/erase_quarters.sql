DELETE FROM fact_15m WHERE asset_key = %(asset_key)s AND bucket < %(before)s
