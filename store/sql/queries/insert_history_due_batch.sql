-- The assets of which history has to be told anew, from when to when, as one row.
INSERT INTO history_due_batch (due_keys, since, until)
VALUES (%(due_keys)b::int4[], %(since)b::timestamptz[], %(until)b::timestamptz[])
