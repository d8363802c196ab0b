-- The same codec again is the version that it was.
INSERT INTO codec_script (model, version, vendor, name, senses, heartbeat_s, source, mapping, examples, is_module,
                          is_fresh, digest, engine, created_at, created_by)
SELECT %(model)s, coalesce(max(version), 0) + 1, %(vendor)s, %(name)s, %(senses)s, %(heartbeat_s)s, %(source)s,
       %(mapping)s, %(examples)s, %(is_module)s, %(is_fresh)s, %(digest)s, %(engine)s, %(at)s, %(by)s
FROM codec_script
WHERE model = %(model)s
ON CONFLICT (model, digest) DO UPDATE SET digest = excluded.digest
RETURNING version
