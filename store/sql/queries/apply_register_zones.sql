INSERT INTO zone (zone_id, site_key, name)
SELECT c.record_id, s.site_key, c.after ->> 'name'
FROM register_change AS c
JOIN site AS s ON s.site_id = c.after ->> 'site'
WHERE c.record = 'zone'
ON CONFLICT (zone_id) DO UPDATE SET site_key = excluded.site_key, name = excluded.name
