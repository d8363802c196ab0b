DELETE FROM installation AS i
USING register_change AS c, device AS d
WHERE c.record = 'installation' AND d.device_id = c.before ->> 'device' AND d.device_key = i.device_key
  AND i.begins_at = (c.before ->> 'begins_at')::timestamptz
