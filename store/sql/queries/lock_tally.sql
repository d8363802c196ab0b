-- One at a time.
SELECT pg_try_advisory_xact_lock(1398166608, 7) AS locked
