SELECT asset_key, begins_at, coalesce(ends_at, '9999-01-01Z') AS ends_at
FROM closure
WHERE asset_key = ANY (%(keys)s)
