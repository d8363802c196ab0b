-- All of the history of one asset, or of every one.
INSERT INTO history_due (asset_key, since, until, facts)
SELECT asset_key, '0001-01-01Z', '9999-01-01Z', true
FROM asset
WHERE %(asset_id)s::text IS NULL OR asset_id = %(asset_id)s
