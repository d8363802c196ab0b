SELECT record, record_id, before, after FROM audit WHERE change_set_id = %(change_set_id)s ORDER BY audit_id
