INSERT INTO audit (change_set_id, made_at, actor, record, record_id, before, after)
SELECT %(change_set_id)s, %(at)s, %(actor)s, record, record_id, before, after FROM register_change
