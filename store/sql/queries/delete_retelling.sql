-- Unless it was asked for once more meanwhile.
DELETE FROM retelling WHERE device_key = %(device_key)s AND asked_at = %(asked_at)s
