-- The closures of these assets as they are now.
INSERT INTO history_due (asset_key, since, until)
SELECT asset_key, begins_at, coalesce(ends_at, '9999-01-01Z')
FROM closure
JOIN asset USING (asset_key)
WHERE asset.asset_id = ANY (%(asset_ids)s)
