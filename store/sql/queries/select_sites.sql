SELECT site_id, name, kind, locality, lon, lat, simulated, ward FROM site
