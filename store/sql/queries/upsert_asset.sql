INSERT INTO asset (asset_id, site_key, kind, name, category, lon, lat)
VALUES (%(asset_id)s, (SELECT site_key FROM site WHERE site_id = %(site_id)s), %(kind)s, %(name)s, %(category)s, %(lon)s, %(lat)s)
ON CONFLICT (asset_id) DO UPDATE SET site_key = excluded.site_key, kind = excluded.kind, name = excluded.name,
    category = excluded.category, lon = excluded.lon, lat = excluded.lat
