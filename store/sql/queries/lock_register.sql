-- One change of the register at a time: what was planned is still so when it is written.
SELECT pg_advisory_xact_lock(21319, 2)
