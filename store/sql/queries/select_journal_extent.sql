SELECT
    count(*) AS frames,
    min(received_at) AS begins,
    max(received_at) + INTERVAL '1 microsecond' AS ends
FROM uplink
WHERE (%(begins)s::timestamptz IS NULL OR received_at >= %(begins)s)
  AND (%(ends)s::timestamptz IS NULL OR received_at < %(ends)s)
  AND (%(device_id)s::text IS NULL OR device_key = (SELECT device_key FROM device WHERE device_id = %(device_id)s))
