-- As `lock_history`, for whoever can wait.
SELECT pg_advisory_xact_lock(1398166608, 2)
