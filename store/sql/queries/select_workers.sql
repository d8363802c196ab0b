SELECT worker, said_at, subscribed, canary_late, spool_fill
FROM ingest_worker
WHERE said_at > %(since)s
ORDER BY worker
