INSERT INTO message (message_id, kind, text, texts, template, everywhere, site_ids, sign_ids, begins_at, ends_at,
                     replaces_lines, conditions, needs_second, made_by, made_at)
VALUES (%(message_id)s, %(kind)s, %(text)s, %(texts)s, %(template)s, %(everywhere)s, %(site_ids)s, %(sign_ids)s,
        %(begins_at)s, %(ends_at)s, %(replaces_lines)s, %(conditions)s, %(needs_second)s, %(made_by)s, %(made_at)s)
