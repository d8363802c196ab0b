SELECT asset_key, asset_id FROM asset WHERE asset_id = ANY (%(asset_ids)s)
