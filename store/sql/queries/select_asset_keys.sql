SELECT asset_key AS key FROM asset ORDER BY asset_key
