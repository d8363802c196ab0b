INSERT INTO closure (asset_key, begins_at, ends_at, reason)
SELECT asset_key, %(begins_at)s, %(ends_at)s, %(reason)s FROM asset WHERE asset_id = %(asset_id)s
