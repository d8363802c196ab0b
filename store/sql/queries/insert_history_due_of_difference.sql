INSERT INTO history_due (asset_key, since, until, facts)
SELECT asset_key, begins_at, ends_at, true
FROM unnest(%(fact_keys)b::int4[], %(begins)b::timestamptz[], %(ends)b::timestamptz[]) AS due (asset_key, begins_at, ends_at)
