DELETE FROM measurement
WHERE device_key = %(device_key)s AND observed_at >= %(begins_at)s AND observed_at < %(ends_at)s
