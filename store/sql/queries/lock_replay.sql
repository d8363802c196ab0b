SELECT pg_try_advisory_lock(21319, 2) AS locked
