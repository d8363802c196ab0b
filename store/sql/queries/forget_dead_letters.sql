DELETE FROM dead_letter
WHERE dead_letter_id IN (SELECT dead_letter_id FROM dead_letter WHERE last_at < %(before)s LIMIT %(rows)s)
