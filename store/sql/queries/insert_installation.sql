-- A device's first installation reaches back, so that frames recorded before the import find their asset.
INSERT INTO installation (device_key, asset_key, begins_at)
SELECT d.device_key, a.asset_key,
       CASE WHEN EXISTS (SELECT FROM installation WHERE device_key = d.device_key) THEN %(at)s
            ELSE TIMESTAMPTZ '2000-01-01 00:00:00Z' END
FROM device AS d, asset AS a
WHERE d.device_id = %(device_id)s AND a.asset_id = %(asset_id)s
ON CONFLICT DO NOTHING
