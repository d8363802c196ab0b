-- Areas before the gates that lead to them: see apply_register_gates.
INSERT INTO asset (asset_id, site_key, zone_key, kind, name, category, lon, lat, capacity, anchor_at, anchor_taken, seats,
                   max_stay_minutes, home_linked)
SELECT c.record_id, s.site_key, z.zone_key, r.kind, r.name, r.category, r.lon, r.lat, coalesce(r.capacity, r.seats, 1),
       r.anchor_at, r.anchor_taken, r.seats, r.max_stay_minutes, coalesce(r.home_linked, false)
FROM register_change AS c
CROSS JOIN jsonb_to_record(c.after)
    AS r (site text, zone text, kind text, name text, category text, lon double precision, lat double precision,
          capacity integer, anchor_at text, anchor_taken integer, seats integer, max_stay_minutes integer,
          home_linked boolean)
JOIN site AS s ON s.site_id = r.site
LEFT JOIN zone AS z ON z.zone_id = r.zone
WHERE c.record = 'asset'
ON CONFLICT (asset_id) DO UPDATE SET site_key = excluded.site_key, zone_key = excluded.zone_key, kind = excluded.kind,
    name = excluded.name, category = excluded.category, lon = excluded.lon, lat = excluded.lat,
    capacity = excluded.capacity, anchor_at = excluded.anchor_at, anchor_taken = excluded.anchor_taken,
    seats = excluded.seats, max_stay_minutes = excluded.max_stay_minutes, home_linked = excluded.home_linked,
    area_key = CASE WHEN excluded.kind = 'gate' THEN asset.area_key END,
    direction = CASE WHEN excluded.kind = 'gate' THEN asset.direction END
