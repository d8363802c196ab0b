UPDATE message SET approved_by = %(by)s, approved_at = %(at)s WHERE message_id = %(message_id)s
