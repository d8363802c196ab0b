-- Every record with its values by the names of domain.register_fields.
SELECT 'site' AS record, site_id AS record_id,
       jsonb_build_object('name', name, 'kind', kind, 'locality', locality, 'lon', lon, 'lat', lat, 'simulated', simulated,
                          'ward', ward) AS value
FROM site
UNION ALL
SELECT 'zone', z.zone_id, jsonb_build_object('site', s.site_id, 'name', z.name)
FROM zone AS z JOIN site AS s USING (site_key)
UNION ALL
SELECT 'asset', a.asset_id,
       jsonb_build_object('site', s.site_id, 'zone', z.zone_id, 'name', a.name, 'kind', a.kind, 'category', a.category,
                          'lon', a.lon, 'lat', a.lat, 'capacity', CASE WHEN a.kind = 'area' THEN a.capacity END,
                          'area', of.asset_id, 'direction', a.direction, 'anchor_at', a.anchor_at,
                          'anchor_taken', a.anchor_taken, 'seats', a.seats,
                          'max_stay_minutes', a.max_stay_minutes, 'home_linked', a.home_linked)
FROM asset AS a JOIN site AS s USING (site_key) LEFT JOIN zone AS z USING (zone_key)
LEFT JOIN asset AS of ON of.asset_key = a.area_key
UNION ALL
SELECT 'device', device_id, jsonb_build_object('model', model, 'silent_after_s', silent_after_s)
FROM device
UNION ALL
SELECT 'installation', d.device_id,
       jsonb_build_object('device', d.device_id, 'asset', a.asset_id, 'begins_at', i.begins_at, 'ends_at', i.ends_at,
                          'distance_threshold_mm', i.distance_threshold_mm, 'debounce_s', i.debounce_s)
FROM installation AS i JOIN device AS d USING (device_key) JOIN asset AS a USING (asset_key)
UNION ALL
SELECT 'closure', p.closure_id,
       jsonb_build_object('site', s.site_id, 'zone', z.zone_id, 'asset', a.asset_id, 'reason', p.reason,
                          'begins_at', p.begins_at, 'ends_at', p.ends_at, 'weekdays', p.weekdays, 'from_time', p.from_time,
                          'to_time', p.to_time, 'except_days', p.except_days)
FROM planned_closure AS p LEFT JOIN site AS s USING (site_key) LEFT JOIN zone AS z USING (zone_key)
LEFT JOIN asset AS a USING (asset_key)
