SELECT DISTINCT s.site_id, z.zone_id, a.category
FROM asset AS a JOIN site AS s USING (site_key) LEFT JOIN zone AS z USING (zone_key) WHERE a.kind IN ('bay', 'area')
