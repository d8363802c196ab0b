SELECT silent_after_s FROM device WHERE device_id = %(device_id)s
