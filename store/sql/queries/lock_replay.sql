SELECT pg_try_advisory_lock(21319, 4) AS locked
