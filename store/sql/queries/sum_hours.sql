-- The hours of these facts anew.
INSERT INTO fact_hour
SELECT date_trunc('hour', f.bucket, 'UTC'), f.asset_key, sum(f.free_s), sum(f.occupied_s), sum(f.unknown_s), sum(f.closed_s),
       sum(f.inferred_s), sum(f.arrivals), sum(f.departures), sum(f.charge_sessions), sum(f.energy_mwh)
FROM whole_hours(%(fact_keys)b::int4[], %(begins)b::timestamptz[], %(ends)b::timestamptz[]) AS w
JOIN fact_15m AS f ON f.asset_key = w.asset_key AND f.bucket >= lower(w.stretch) AND f.bucket < upper(w.stretch)
GROUP BY 1, 2
ON CONFLICT (asset_key, hour) DO UPDATE
SET free_s = excluded.free_s, occupied_s = excluded.occupied_s, unknown_s = excluded.unknown_s,
    closed_s = excluded.closed_s, inferred_s = excluded.inferred_s,
    arrivals = excluded.arrivals, departures = excluded.departures,
    charge_sessions = excluded.charge_sessions, energy_mwh = excluded.energy_mwh
