-- One judge at a time. Days that were over before `days_until` have been noted; history has facts until `facts_until`.
SELECT pg_try_advisory_xact_lock(1398166608, 3) AS locked, q.days_until, h.facts_until FROM quality AS q CROSS JOIN history AS h
