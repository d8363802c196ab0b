SELECT asset_key, kind FROM asset WHERE asset_id = %(asset_id)s
