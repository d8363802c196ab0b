-- One historian at a time. The facts that are kept end here.
SELECT pg_try_advisory_xact_lock(1398166608, 2) AS locked, (SELECT facts_until FROM history) AS facts_until
