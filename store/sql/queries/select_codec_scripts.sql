SELECT s.model, s.version, s.vendor, s.name, s.senses, s.heartbeat_s, s.source, s.mapping, s.examples, s.is_module,
       s.is_fresh, s.engine, s.created_at, s.created_by, s.version = a.version AS is_active
FROM codec_script AS s
JOIN (SELECT DISTINCT ON (model) model, version FROM codec_activation ORDER BY model, activation_id DESC) AS a
  USING (model)
WHERE (%(model)s::text IS NULL OR s.model = %(model)s)
  AND (%(version)s::smallint IS NULL OR s.version = %(version)s)
  AND (NOT %(only_active)s OR s.version = a.version)
ORDER BY s.model, s.version DESC
