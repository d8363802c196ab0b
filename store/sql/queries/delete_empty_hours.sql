DELETE FROM fact_hour AS h
USING whole_hours(%(fact_keys)b::int4[], %(begins)b::timestamptz[], %(ends)b::timestamptz[]) AS w
WHERE h.asset_key = w.asset_key AND h.hour >= lower(w.stretch) AND h.hour < upper(w.stretch)
  AND NOT EXISTS (SELECT FROM fact_15m AS f
                  WHERE f.asset_key = h.asset_key AND f.bucket >= h.hour AND f.bucket < h.hour + INTERVAL '1 hour')
