SELECT a.asset_id, s.site_id, a.kind, a.name, a.category, a.lon, a.lat, a.seats, a.max_stay_minutes, a.home_linked
FROM asset AS a
JOIN site AS s USING (site_key)
