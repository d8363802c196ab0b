-- Commands whose time is over, locked against a word that arrives at the same moment.
SELECT command_id, state
FROM command
WHERE state IN ('queued', 'sent', 'txack') AND expires_at <= %(now)s
ORDER BY command_id
FOR UPDATE SKIP LOCKED
