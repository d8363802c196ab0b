-- The new word of a worker; whoever was silent for an hour is forgotten, so that renamed ones do not pile up.
WITH forgotten AS (
    DELETE FROM ingest_worker WHERE said_at < %(said_at)s - INTERVAL '1 hour' AND worker <> %(worker)s
)
INSERT INTO ingest_worker (worker, said_at, subscribed, canary_late, spool_fill)
VALUES (%(worker)s, %(said_at)s, %(subscribed)s, %(canary_late)s, %(spool_fill)s)
ON CONFLICT (worker) DO UPDATE
SET said_at = excluded.said_at,
    subscribed = excluded.subscribed,
    canary_late = excluded.canary_late,
    spool_fill = excluded.spool_fill
