-- Every asset that a device watched, by the register as it is and as it ever was.
SELECT asset_key AS key FROM installation WHERE device_key = %(device_key)s
UNION
SELECT a.asset_key
FROM audit AS u
JOIN asset AS a ON a.asset_id IN (u.before ->> 'asset', u.after ->> 'asset')
WHERE u.record = 'installation'
  AND (SELECT device_id FROM device WHERE device_key = %(device_key)s) IN (u.before ->> 'device', u.after ->> 'device')
ORDER BY key
