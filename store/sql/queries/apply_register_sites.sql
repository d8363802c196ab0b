INSERT INTO site (site_id, name, kind, locality, lon, lat, simulated, ward)
SELECT c.record_id, r.*
FROM register_change AS c
CROSS JOIN jsonb_to_record(c.after)
    AS r (name text, kind text, locality text, lon double precision, lat double precision, simulated boolean,
          ward text)
WHERE c.record = 'site' AND c.after IS NOT NULL
ON CONFLICT (site_id) DO UPDATE SET name = excluded.name, kind = excluded.kind, locality = excluded.locality,
    lon = excluded.lon, lat = excluded.lat, simulated = excluded.simulated, ward = excluded.ward
