DELETE FROM span
USING unnest(%(span_keys)b::int4[], %(begins)b::timestamptz[]) AS gone (asset_key, begins_at)
WHERE span.asset_key = gone.asset_key AND span.begins_at = gone.begins_at
