INSERT INTO sign (sign_id, site_key, name, lon, lat, board_version)
SELECT %(sign_id)s, site_key, %(name)s, %(lon)s, %(lat)s, 1 FROM site WHERE site_id = %(site_id)s
ON CONFLICT (sign_id) DO UPDATE SET site_key = excluded.site_key, name = excluded.name, lon = excluded.lon,
    lat = excluded.lat
