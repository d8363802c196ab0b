INSERT INTO change_set (made_at, actor, what, undoes) VALUES (%(at)s, %(actor)s, %(what)s, %(undoes)s)
RETURNING change_set_id
