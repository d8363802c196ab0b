INSERT INTO planned_closure (closure_id, site_key, zone_key, asset_key, reason, begins_at, ends_at, weekdays, from_time, to_time,
                             except_days)
SELECT c.record_id, s.site_key, z.zone_key, a.asset_key, r.reason, r.begins_at, r.ends_at, r.weekdays, r.from_time, r.to_time,
       r.except_days
FROM register_change AS c
CROSS JOIN jsonb_to_record(c.after)
    AS r (site text, zone text, asset text, reason text, begins_at timestamptz, ends_at timestamptz, weekdays text,
          from_time text, to_time text, except_days text)
LEFT JOIN site AS s ON s.site_id = r.site
LEFT JOIN zone AS z ON z.zone_id = r.zone
LEFT JOIN asset AS a ON a.asset_id = r.asset
WHERE c.record = 'closure' AND c.after IS NOT NULL
ON CONFLICT (closure_id) DO UPDATE SET site_key = excluded.site_key, zone_key = excluded.zone_key,
    asset_key = excluded.asset_key, reason = excluded.reason, begins_at = excluded.begins_at, ends_at = excluded.ends_at,
    weekdays = excluded.weekdays, from_time = excluded.from_time, to_time = excluded.to_time,
    except_days = excluded.except_days
