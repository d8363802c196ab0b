UPDATE message SET withdrawn_by = %(by)s, withdrawn_at = %(at)s WHERE message_id = %(message_id)s
