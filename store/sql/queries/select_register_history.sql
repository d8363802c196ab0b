-- Of what is to go: which of it has a history, or is named by a sign.
SELECT 'device' AS record, device_id AS record_id, 'was heard: its frames are kept' AS reason
FROM device AS d
WHERE device_id = ANY (%(device_ids)s) AND EXISTS (SELECT FROM uplink AS u WHERE u.device_key = d.device_key)
UNION ALL
SELECT 'asset', asset_id, 'has a history'
FROM asset AS a
WHERE asset_id = ANY (%(asset_ids)s)
  AND (EXISTS (SELECT FROM event AS e WHERE e.asset_key = a.asset_key)
       OR EXISTS (SELECT FROM recount AS r WHERE r.asset_key = a.asset_key)
       -- What it was told by may be gone.
       OR EXISTS (SELECT FROM fact_15m AS f WHERE f.asset_key = a.asset_key))
UNION ALL
SELECT 'site', site_id, 'has a sign'
FROM site AS s
WHERE site_id = ANY (%(site_ids)s) AND EXISTS (SELECT FROM sign AS g WHERE g.site_key = s.site_key)
