-- One historian at a time. What it reads, it reads in later statements: this one looked before it had the lock.
SELECT pg_try_advisory_xact_lock(1398166608, 2) AS locked
