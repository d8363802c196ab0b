DELETE FROM dead_letter WHERE dead_letter_id = ANY (%(dead_letter_ids)s)
