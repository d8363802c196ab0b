SELECT a.asset_id, s.site_id, a.kind, a.name, a.category, a.lon, a.lat, z.zone_id, a.capacity, of.asset_id AS area,
       a.direction, a.anchor_at, a.anchor_taken, a.seats, a.max_stay_minutes, a.home_linked
FROM asset AS a
JOIN site AS s USING (site_key)
LEFT JOIN zone AS z USING (zone_key)
LEFT JOIN asset AS of ON of.asset_key = a.area_key
