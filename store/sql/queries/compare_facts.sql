-- Quarters of which the facts are not what the spans say, and by how many seconds in all.
SELECT asset_key, min(bucket) AS first_at, max(bucket) + INTERVAL '15 minutes' AS last_at, count(*) AS rows,
       coalesce(sum(abs(coalesce(told.free_s, 0) - coalesce(kept.free_s, 0))
                    + abs(coalesce(told.occupied_s, 0) - coalesce(kept.occupied_s, 0))
                    + abs(coalesce(told.unknown_s, 0) - coalesce(kept.unknown_s, 0))
                    + abs(coalesce(told.closed_s, 0) - coalesce(kept.closed_s, 0))), 0)::bigint AS seconds
FROM facts_between(%(fact_keys)b::int4[], %(begins)b::timestamptz[], %(ends)b::timestamptz[]) AS told
FULL JOIN (
    SELECT f.*
    FROM unnest(%(fact_keys)b::int4[], %(begins)b::timestamptz[], %(ends)b::timestamptz[])
        AS w (asset_key, begins_at, ends_at)
    JOIN fact_15m AS f ON f.asset_key = w.asset_key AND f.bucket >= w.begins_at AND f.bucket < w.ends_at
) AS kept USING (asset_key, bucket)
WHERE (told.free_s, told.occupied_s, told.unknown_s, told.closed_s, told.inferred_s, told.arrivals,
       told.departures, told.charge_sessions, told.energy_mwh)
      IS DISTINCT FROM
      (kept.free_s, kept.occupied_s, kept.unknown_s, kept.closed_s, kept.inferred_s, kept.arrivals,
       kept.departures, kept.charge_sessions, kept.energy_mwh)
GROUP BY asset_key
