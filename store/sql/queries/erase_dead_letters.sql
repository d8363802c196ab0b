DELETE FROM dead_letter
WHERE device_id = %(device_id)s AND last_at >= %(begins_at)s AND first_at < %(ends_at)s
