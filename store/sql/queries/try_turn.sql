SELECT pg_try_advisory_lock(21319, %(job)s) AS locked
