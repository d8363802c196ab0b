-- The quarters that are over become facts, of every asset at once, and are added to their hours and days.
WITH step AS (
    UPDATE history AS now SET facts_until = %(until)s
    FROM history AS before
    WHERE before.facts_until < %(until)s
    RETURNING greatest(before.facts_until, %(since)s::timestamptz) AS since
), kept AS (
    INSERT INTO fact_15m
    SELECT f.* FROM step CROSS JOIN LATERAL facts_of_all(step.since, %(until)s) AS f
    RETURNING *
), hours AS (
    INSERT INTO fact_hour AS known
    SELECT date_trunc('hour', bucket, 'UTC'), asset_key, sum(free_s), sum(occupied_s), sum(unknown_s), sum(closed_s),
           sum(inferred_s), sum(arrivals), sum(departures), sum(charge_sessions), sum(energy_mwh)
    FROM kept
    GROUP BY 1, 2
    ON CONFLICT (asset_key, hour) DO UPDATE
    SET free_s = known.free_s + excluded.free_s, occupied_s = known.occupied_s + excluded.occupied_s,
        unknown_s = known.unknown_s + excluded.unknown_s, closed_s = known.closed_s + excluded.closed_s,
        inferred_s = known.inferred_s + excluded.inferred_s,
        arrivals = known.arrivals + excluded.arrivals, departures = known.departures + excluded.departures,
        charge_sessions = known.charge_sessions + excluded.charge_sessions,
        energy_mwh = known.energy_mwh + excluded.energy_mwh
)
INSERT INTO fact_day AS known
SELECT local_day_of(bucket), asset_key, sum(free_s), sum(occupied_s), sum(unknown_s), sum(closed_s), sum(inferred_s),
       sum(arrivals), sum(departures), sum(charge_sessions), sum(energy_mwh)
FROM kept
GROUP BY 1, 2
ON CONFLICT (asset_key, day) DO UPDATE
SET free_s = known.free_s + excluded.free_s, occupied_s = known.occupied_s + excluded.occupied_s,
    unknown_s = known.unknown_s + excluded.unknown_s, closed_s = known.closed_s + excluded.closed_s,
    inferred_s = known.inferred_s + excluded.inferred_s,
    arrivals = known.arrivals + excluded.arrivals, departures = known.departures + excluded.departures,
    charge_sessions = known.charge_sessions + excluded.charge_sessions, energy_mwh = known.energy_mwh + excluded.energy_mwh
