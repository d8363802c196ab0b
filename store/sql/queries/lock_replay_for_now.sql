-- As `lock_replay`, until the transaction ends.
SELECT pg_try_advisory_xact_lock(21319, 4) AS locked
