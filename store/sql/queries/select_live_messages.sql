-- Which of them are over is for each reader's clock to say; those of yesterday are over for all.
SELECT message_id, kind, text, texts, template, everywhere, site_ids, sign_ids, begins_at, ends_at, replaces_lines, conditions,
       needs_second, made_by, made_at, approved_by, approved_at, withdrawn_by, withdrawn_at
FROM message
WHERE withdrawn_at IS NULL AND ends_at > (SELECT as_of FROM platform) - INTERVAL '1 day' AND (approved_at IS NOT NULL OR NOT needs_second)
ORDER BY made_at, message_id
