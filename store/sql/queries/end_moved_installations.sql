-- A device that now watches something else (or nothing) has left where it was.
UPDATE installation AS i SET ends_at = %(at)s
FROM device AS d
WHERE d.device_key = i.device_key AND d.device_id = %(device_id)s AND i.ends_at IS NULL
  AND i.asset_key IS DISTINCT FROM (SELECT asset_key FROM asset WHERE asset_id = %(asset_id)s)
