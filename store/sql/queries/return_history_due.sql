-- What is left for another time, with the time since when it waits.
INSERT INTO history_due (asset_key, since, until, facts, noted_at)
SELECT *
FROM unnest(%(due_keys)b::int4[], %(since)b::timestamptz[], %(until)b::timestamptz[], %(facts)b::bool[],
            %(noted)b::timestamptz[]) AS due
