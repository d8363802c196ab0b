-- Commands to send, for one sender: whoever has them locked is sending them. Oldest first.
SELECT
    c.command_id, d.device_id, c.name, c.parameters, c.f_port, c.payload, c.requested_by, c.requested_at, c.expires_at,
    c.state, c.sent_at, c.txack_at, c.ended_at, c.detail
FROM command AS c
JOIN device AS d USING (device_key)
WHERE c.state = 'queued' AND c.expires_at > %(now)s
ORDER BY c.requested_at, c.command_id
LIMIT %(limit)s
FOR UPDATE OF c SKIP LOCKED
