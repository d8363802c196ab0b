-- A command that a network server speaks of, whose device must be the one that it names, if it names one.
SELECT c.state
FROM command AS c
JOIN device AS d USING (device_key)
WHERE c.command_id = %(command_id)s AND d.device_id = coalesce(%(device_id)s, d.device_id)
FOR UPDATE OF c
