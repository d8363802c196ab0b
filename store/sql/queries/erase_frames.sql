-- Nothing is observed after its receipt.
DELETE FROM uplink
WHERE device_key = %(device_key)s AND received_at >= %(begins_at)s
  AND coalesce(observed_at, received_at - lag_ms * INTERVAL '1 ms') >= %(begins_at)s
  AND coalesce(observed_at, received_at - lag_ms * INTERVAL '1 ms') < %(ends_at)s
