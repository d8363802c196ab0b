DELETE FROM closure USING asset WHERE asset.asset_key = closure.asset_key AND asset.asset_id = ANY (%(asset_ids)s)
