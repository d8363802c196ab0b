DELETE FROM command
WHERE command_id IN (SELECT command_id FROM command WHERE ended_at < %(before)s LIMIT %(rows)s)
