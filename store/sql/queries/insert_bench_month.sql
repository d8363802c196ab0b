-- Of two processes the first one tells.
INSERT INTO bench_month (month, told_at, told) VALUES (%(month)s, %(told_at)s, %(told)s::jsonb)
ON CONFLICT (month) DO NOTHING
