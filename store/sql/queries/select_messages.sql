-- Those that may still be shown, or wait for somebody; and so many of the others.
(SELECT message_id, kind, text, texts, template, everywhere, site_ids, sign_ids, begins_at, ends_at, replaces_lines, conditions,
       needs_second, made_by, made_at, approved_by, approved_at, withdrawn_by, withdrawn_at
 FROM message WHERE withdrawn_at IS NULL AND ends_at > %(now)s ORDER BY made_at DESC)
UNION ALL
(SELECT message_id, kind, text, texts, template, everywhere, site_ids, sign_ids, begins_at, ends_at, replaces_lines, conditions,
       needs_second, made_by, made_at, approved_by, approved_at, withdrawn_by, withdrawn_at
 FROM message WHERE NOT (withdrawn_at IS NULL AND ends_at > %(now)s)
 ORDER BY coalesce(withdrawn_at, ends_at) DESC LIMIT %(over)s)
