SELECT pg_advisory_unlock(21319, 4)
