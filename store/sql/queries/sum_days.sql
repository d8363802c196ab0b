-- The local days of these facts anew, from their hours: each of them belongs to one day.
INSERT INTO fact_day
SELECT local_day_of(h.hour), h.asset_key, sum(h.free_s), sum(h.occupied_s), sum(h.unknown_s), sum(h.closed_s),
       sum(h.inferred_s), sum(h.arrivals), sum(h.departures), sum(h.charge_sessions), sum(h.energy_mwh)
FROM whole_days(%(fact_keys)b::int4[], %(begins)b::timestamptz[], %(ends)b::timestamptz[]) AS w
JOIN fact_hour AS h ON h.asset_key = w.asset_key AND h.hour >= lower(w.stretch) AND h.hour < upper(w.stretch)
GROUP BY 1, 2
ON CONFLICT (asset_key, day) DO UPDATE
SET free_s = excluded.free_s, occupied_s = excluded.occupied_s, unknown_s = excluded.unknown_s,
    closed_s = excluded.closed_s, inferred_s = excluded.inferred_s,
    arrivals = excluded.arrivals, departures = excluded.departures,
    charge_sessions = excluded.charge_sessions, energy_mwh = excluded.energy_mwh
