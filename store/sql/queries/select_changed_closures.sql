-- Closures that may be at other times, or of other assets, than before this change. `gone`: it is about to be taken out.
SELECT p.planned_key, p.begins_at, p.ends_at, p.weekdays, p.from_time, p.to_time, p.except_days,
       coalesce(c.after IS NULL AND c.record_id IS NOT NULL, false) AS gone
FROM planned_closure AS p
LEFT JOIN register_change AS c ON c.record = 'closure' AND c.record_id = p.closure_id
WHERE c.record_id IS NOT NULL
   OR p.site_key IN (SELECT s.site_key FROM register_change AS moved
                     CROSS JOIN unnest(ARRAY[moved.before, moved.after]) AS told
                     JOIN site AS s ON s.site_id = told ->> 'site'
                     WHERE moved.record = 'asset'
                       AND (moved.before ->> 'site', moved.before ->> 'kind')
                           IS DISTINCT FROM (moved.after ->> 'site', moved.after ->> 'kind'))
   OR p.zone_key IN (SELECT z.zone_key FROM register_change AS moved
                     CROSS JOIN unnest(ARRAY[moved.before, moved.after]) AS told
                     JOIN zone AS z ON z.zone_id = told ->> 'zone'
                     WHERE moved.record = 'asset'
                       AND (moved.before ->> 'zone', moved.before ->> 'kind')
                           IS DISTINCT FROM (moved.after ->> 'zone', moved.after ->> 'kind'))
   OR p.asset_key IN (SELECT a.asset_key FROM register_change AS moved JOIN asset AS a ON a.asset_id = moved.record_id
                      WHERE moved.record = 'asset' AND moved.before ->> 'kind' IS DISTINCT FROM moved.after ->> 'kind')
