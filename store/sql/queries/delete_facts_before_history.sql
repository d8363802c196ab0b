-- Facts of a time in which, as is known now, nothing had been heard of the asset.
DELETE FROM fact_15m AS f
USING unnest(%(fact_keys)b::int4[], %(begins)b::timestamptz[], %(ends)b::timestamptz[]) AS w (asset_key, begins_at, ends_at)
WHERE f.asset_key = w.asset_key AND f.bucket >= w.begins_at AND f.bucket < w.ends_at
  AND f.bucket < coalesce((SELECT quarter_of(min(begins_at)) FROM span WHERE span.asset_key = w.asset_key), 'infinity')
  AND NOT EXISTS (SELECT FROM charged_between(f.asset_key, f.bucket, f.bucket + INTERVAL '15 minutes'))
