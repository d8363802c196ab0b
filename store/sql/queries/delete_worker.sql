-- The word of a worker that has ended.
DELETE FROM ingest_worker WHERE worker = %(worker)s
