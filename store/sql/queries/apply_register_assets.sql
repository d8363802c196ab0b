INSERT INTO asset (asset_id, site_key, zone_key, kind, name, category, lon, lat, capacity, seats, max_stay_minutes, home_linked)
SELECT c.record_id, s.site_key, z.zone_key, r.kind, r.name, r.category, r.lon, r.lat, coalesce(r.seats, 1), r.seats,
       r.max_stay_minutes, coalesce(r.home_linked, false)
FROM register_change AS c
CROSS JOIN jsonb_to_record(c.after)
    AS r (site text, zone text, kind text, name text, category text, lon double precision, lat double precision,
          seats integer, max_stay_minutes integer, home_linked boolean)
JOIN site AS s ON s.site_id = r.site
LEFT JOIN zone AS z ON z.zone_id = r.zone
WHERE c.record = 'asset'
ON CONFLICT (asset_id) DO UPDATE SET site_key = excluded.site_key, zone_key = excluded.zone_key, kind = excluded.kind,
    name = excluded.name, category = excluded.category, lon = excluded.lon, lat = excluded.lat,
    capacity = excluded.capacity, seats = excluded.seats, max_stay_minutes = excluded.max_stay_minutes,
    home_linked = excluded.home_linked
