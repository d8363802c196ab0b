-- Hours that are not the sum of their facts, and by how many seconds in all.
SELECT asset_key, min(at) AS first_at, max(at) + INTERVAL '1 hour' AS last_at, count(*) AS rows,
       coalesce(sum(abs(coalesce(told.free_s, 0) - coalesce(kept.free_s, 0))
                    + abs(coalesce(told.occupied_s, 0) - coalesce(kept.occupied_s, 0))
                    + abs(coalesce(told.unknown_s, 0) - coalesce(kept.unknown_s, 0))
                    + abs(coalesce(told.closed_s, 0) - coalesce(kept.closed_s, 0))), 0)::bigint AS seconds
FROM (
    SELECT f.asset_key, date_trunc('hour', f.bucket, 'UTC') AS at, sum(free_s) AS free_s, sum(occupied_s) AS occupied_s,
           sum(unknown_s) AS unknown_s, sum(closed_s) AS closed_s, sum(inferred_s) AS inferred_s,
           sum(arrivals) AS arrivals, sum(departures) AS departures, sum(charge_sessions) AS charge_sessions,
           sum(energy_mwh) AS energy_mwh
    FROM whole_hours(%(fact_keys)b::int4[], %(begins)b::timestamptz[], %(ends)b::timestamptz[]) AS w
    JOIN fact_15m AS f ON f.asset_key = w.asset_key AND f.bucket >= lower(w.stretch) AND f.bucket < upper(w.stretch)
    GROUP BY 1, 2
) AS told
FULL JOIN (
    SELECT k.asset_key, k.hour AS at, free_s, occupied_s, unknown_s, closed_s, inferred_s, arrivals, departures,
           charge_sessions, energy_mwh
    FROM whole_hours(%(fact_keys)b::int4[], %(begins)b::timestamptz[], %(ends)b::timestamptz[]) AS w
    JOIN fact_hour AS k ON k.asset_key = w.asset_key AND k.hour >= lower(w.stretch) AND k.hour < upper(w.stretch)
) AS kept USING (asset_key, at)
WHERE (told.free_s, told.occupied_s, told.unknown_s, told.closed_s, told.inferred_s, told.arrivals,
       told.departures, told.charge_sessions, told.energy_mwh)
      IS DISTINCT FROM
      (kept.free_s, kept.occupied_s, kept.unknown_s, kept.closed_s, kept.inferred_s, kept.arrivals,
       kept.departures, kept.charge_sessions, kept.energy_mwh)
GROUP BY asset_key
