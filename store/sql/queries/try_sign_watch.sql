-- Of several web servers one looks at a time; the lock ends with the transaction.
SELECT pg_try_advisory_xact_lock(21319, 21) AS ours
