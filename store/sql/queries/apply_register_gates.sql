UPDATE asset AS gate
SET area_key = area.asset_key, direction = c.after ->> 'direction'
FROM register_change AS c
JOIN asset AS area ON area.asset_id = c.after ->> 'area'
WHERE c.record = 'asset' AND gate.asset_id = c.record_id
