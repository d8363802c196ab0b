-- A gate has no history of its own.
SELECT asset_key, begins_at, coalesce(ends_at, '9999-01-01Z') AS ends_at
FROM closure
JOIN asset USING (asset_key)
WHERE asset_key = ANY (%(keys)s) AND kind <> 'gate'
