SELECT g.sign_id, g.name, s.site_id, g.lon, g.lat, g.lines FROM sign AS g JOIN site AS s USING (site_key)
