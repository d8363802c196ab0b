INSERT INTO site (site_id, name, kind, locality, lon, lat, simulated)
VALUES (%(site_id)s, %(name)s, %(kind)s, %(locality)s, %(lon)s, %(lat)s, %(simulated)s)
ON CONFLICT (site_id) DO UPDATE SET name = excluded.name, kind = excluded.kind, locality = excluded.locality,
    lon = excluded.lon, lat = excluded.lat, simulated = excluded.simulated
