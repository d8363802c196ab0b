SELECT a.asset_id, s.site_id, a.kind, a.name, a.category, a.lon, a.lat, z.zone_id
FROM asset AS a JOIN site AS s USING (site_key) LEFT JOIN zone AS z USING (zone_key)
