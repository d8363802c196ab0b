-- Which devices were with an asset before a moment, and from when to when.
SELECT i.device_key, d.device_id, i.begins_at, least(i.ends_at, %(before)s) AS ends_at
FROM installation AS i
JOIN device AS d USING (device_key)
WHERE i.asset_key = %(asset_key)s AND i.begins_at < %(before)s
ORDER BY i.begins_at
