SELECT message_id, kind, text, texts, template, everywhere, site_ids, sign_ids, begins_at, ends_at, replaces_lines, conditions,
       needs_second, made_by, made_at, approved_by, approved_at, withdrawn_by, withdrawn_at
FROM message
WHERE message_id = %(message_id)s
FOR UPDATE
