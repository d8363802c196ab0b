-- Into a state; each has its own time, and all that are final share one.
UPDATE command
SET state = %(state)s,
    sent_at = coalesce(sent_at, CASE WHEN %(state)s IN ('sent', 'txack', 'acked') THEN %(at)s::timestamptz END),
    txack_at = coalesce(txack_at, CASE WHEN %(state)s = 'txack' THEN %(at)s::timestamptz END),
    ended_at = CASE WHEN %(is_final)s THEN %(at)s::timestamptz END,
    detail = %(detail)s
WHERE command_id = %(command_id)s
