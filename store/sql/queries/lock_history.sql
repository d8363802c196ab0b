-- One historian at a time, or as many lanes as share the assets, each once. What it reads, it reads in later statements:
-- this one looked before it had the lock.
SELECT CASE
    WHEN %(lanes)s::integer = 1 THEN pg_try_advisory_xact_lock(1398166608, 2)
    ELSE pg_try_advisory_xact_lock_shared(1398166608, 2) AND pg_try_advisory_xact_lock(1398166608, 16 + %(lane)s::integer)
END AS locked
