UPDATE recount SET withdrawn_by = %(by)s, withdrawn_at = %(at)s WHERE recount_id = %(recount_id)s
