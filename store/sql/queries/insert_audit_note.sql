INSERT INTO audit (change_set_id, made_at, actor, record, record_id, before, after)
VALUES (NULL, %(at)s, %(actor)s, %(record)s, %(record_id)s, %(before)s, %(after)s)
