-- Facts of whole quarters anew, from the spans; in the order of the index, so that it is written from left to right.
INSERT INTO fact_15m
SELECT *
FROM facts_between(%(fact_keys)b::int4[], %(begins)b::timestamptz[], %(ends)b::timestamptz[])
ORDER BY asset_key, bucket
ON CONFLICT (asset_key, bucket) DO UPDATE
SET free_s = excluded.free_s, occupied_s = excluded.occupied_s, unknown_s = excluded.unknown_s,
    closed_s = excluded.closed_s, inferred_s = excluded.inferred_s,
    arrivals = excluded.arrivals, departures = excluded.departures,
    charge_sessions = excluded.charge_sessions, energy_mwh = excluded.energy_mwh
