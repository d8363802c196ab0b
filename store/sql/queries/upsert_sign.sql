INSERT INTO sign (sign_id, site_key, name, lon, lat, lines)
VALUES (%(sign_id)s, (SELECT site_key FROM site WHERE site_id = %(site_id)s), %(name)s, %(lon)s, %(lat)s, %(lines)s)
ON CONFLICT (sign_id) DO UPDATE SET site_key = excluded.site_key, name = excluded.name, lon = excluded.lon,
    lat = excluded.lat, lines = excluded.lines
