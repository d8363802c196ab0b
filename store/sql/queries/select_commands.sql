-- The commands of a device, newest first.
SELECT
    c.command_id, d.device_id, c.name, c.parameters, c.f_port, c.payload, c.requested_by, c.requested_at, c.expires_at,
    c.state, c.sent_at, c.txack_at, c.ended_at, c.detail
FROM command AS c
JOIN device AS d USING (device_key)
WHERE d.device_id = %(device_id)s
ORDER BY c.requested_at DESC, c.command_id
LIMIT %(limit)s
