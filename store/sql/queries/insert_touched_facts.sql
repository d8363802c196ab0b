INSERT INTO fact_touched (asset_key, begins_at, ends_at)
SELECT * FROM unnest(%(fact_keys)b::int4[], %(begins)b::timestamptz[], %(ends)b::timestamptz[])
