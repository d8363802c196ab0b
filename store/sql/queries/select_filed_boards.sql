SELECT DISTINCT ON (sign_id) sign_id, board FROM board_version WHERE from_file ORDER BY sign_id, version DESC
