-- The model of a device.
SELECT model FROM device WHERE device_id = %(device_id)s
