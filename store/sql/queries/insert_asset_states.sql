-- Every asset has a state from its beginning: unknown.
INSERT INTO asset_state (asset_key, revision)
SELECT asset_key, %(revision)s FROM asset
ON CONFLICT DO NOTHING
