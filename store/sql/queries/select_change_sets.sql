SELECT c.change_set_id, c.made_at, c.actor, c.what, c.undoes, u.change_set_id AS undone_by,
       (SELECT count(*) FROM audit AS a WHERE a.change_set_id = c.change_set_id)::integer AS changes
FROM change_set AS c
LEFT JOIN change_set AS u ON u.undoes = c.change_set_id
WHERE %(change_set_id)s::integer IS NULL OR c.change_set_id = %(change_set_id)s
ORDER BY c.change_set_id DESC
LIMIT %(limit)s
