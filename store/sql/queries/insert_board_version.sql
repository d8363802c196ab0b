WITH made AS (
    INSERT INTO board_version (sign_id, version, made_at, actor, what, from_file, board)
    SELECT %(sign_id)s, coalesce(max(version), 0) + 1, %(at)s, %(actor)s, %(what)s, %(from_file)s, %(board)s
    FROM board_version WHERE sign_id = %(sign_id)s
    RETURNING sign_id, version
)
UPDATE sign SET board_version = made.version FROM made WHERE sign.sign_id = made.sign_id RETURNING board_version
