-- No row where there is no such device.
INSERT INTO command (
    command_id, device_key, name, parameters, f_port, payload, requested_by, requested_at, expires_at
)
SELECT
    %(command_id)s, device_key, %(name)s, %(parameters)s, %(f_port)s, %(payload)s, %(requested_by)s,
    %(requested_at)s, %(expires_at)s
FROM device
WHERE device_id = %(device_id)s
