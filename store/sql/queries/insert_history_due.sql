-- The assets of which history has to be told anew, from when to when.
INSERT INTO history_due (asset_key, since, until)
SELECT asset_key, since, until
FROM unnest(%(due_keys)b::int4[], %(since)b::timestamptz[], %(until)b::timestamptz[]) AS due (asset_key, since, until)
