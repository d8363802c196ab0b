SELECT v.version, v.made_at, v.actor, v.what, v.from_file, v.board, g.name
FROM board_version AS v JOIN sign AS g USING (sign_id) WHERE v.sign_id = %(sign_id)s
ORDER BY v.version DESC LIMIT %(limit)s
