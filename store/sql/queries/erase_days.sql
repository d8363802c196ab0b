DELETE FROM fact_day WHERE asset_key = %(asset_key)s AND day < %(before)s
