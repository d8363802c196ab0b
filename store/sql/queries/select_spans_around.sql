-- The spans that overlap or touch stretches of time, in order.
SELECT s.asset_key, s.begins_at, s.ends_at, s.state, s.taken, s.quality, s.arrivals, s.departures
FROM unnest(%(keys)b::int4[], %(begins)b::timestamptz[], %(ends)b::timestamptz[]) AS w (asset_key, begins_at, ends_at)
JOIN span AS s
    ON s.asset_key = w.asset_key AND s.begins_at <= w.ends_at
   AND s.begins_at >= coalesce((SELECT max(first.begins_at) FROM span AS first
                                WHERE first.asset_key = w.asset_key AND first.begins_at < w.begins_at), w.begins_at)
ORDER BY s.asset_key, s.begins_at
