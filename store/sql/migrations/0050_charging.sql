-- What benches charged across the end of what is kept of their readings, and totals that are dated in the wrong order.

-- As in 0034, but that a step is counted also from the newest reading of before `raw_from`, which is kept for that; and
-- that of two totals within a second of one another (gateways' clocks differ) a smaller second one that is not smaller
-- than the one before both was said before the greater, and is no counter that began anew: it counts nothing.
CREATE OR REPLACE FUNCTION charged_between(of_asset integer, since timestamptz, until timestamptz)
RETURNS TABLE (at timestamptz, charge_sessions bigint, energy_mwh bigint) LANGUAGE sql STABLE AS $$
    SELECT step.at,
           CASE WHEN step.key = 'charge_sessions_total' THEN step.more ELSE 0 END,
           CASE WHEN step.key = 'energy_wh_total' THEN step.more ELSE 0 END
    FROM (
        SELECT s.key, reading.at,
               CASE WHEN reading.total < reading.before THEN reading.total ELSE reading.total - reading.before END
                   AS more
        FROM (
            SELECT i.device_key, k.key, i.begins_at,
                   greatest(i.begins_at, h.raw_from, $2) AS since, least(i.ends_at, $3) AS until
            FROM installation AS i
            JOIN history_horizon AS h ON h.asset_key = i.asset_key AND h.is_bench
            CROSS JOIN (VALUES ('charge_sessions_total'), ('energy_wh_total')) AS k (key)
            WHERE i.asset_key = $1 AND i.begins_at < $3 AND (i.ends_at IS NULL OR i.ends_at > $2)
        ) AS s
        CROSS JOIN LATERAL (
            SELECT said.at, said.total, lag(said.total) OVER (ORDER BY said.at, said.total) AS before
            FROM (
                SELECT r.at, r.total,
                       r.at - lag(r.at) OVER said <= INTERVAL '1 second' AND r.total < lag(r.total) OVER said
                           AND r.total >= coalesce(lag(r.total, 2) OVER said, r.total) AS is_earlier
                FROM (
                    (SELECT m.observed_at AS at,
                            round(m.value * CASE s.key WHEN 'energy_wh_total' THEN 1000 ELSE 1 END)::bigint AS total
                     FROM measurement AS m
                     WHERE m.device_key = s.device_key AND m.key = s.key
                       AND m.observed_at >= s.begins_at AND m.observed_at < s.since
                     ORDER BY m.observed_at DESC, m.value DESC
                     LIMIT 2)
                    UNION ALL
                    SELECT m.observed_at,
                           round(m.value * CASE s.key WHEN 'energy_wh_total' THEN 1000 ELSE 1 END)::bigint
                    FROM measurement AS m
                    WHERE m.device_key = s.device_key AND m.key = s.key
                      AND m.observed_at >= s.since AND m.observed_at < s.until
                ) AS r
                WINDOW said AS (ORDER BY r.at, r.total)
            ) AS said
            WHERE said.is_earlier IS NOT TRUE
        ) AS reading
        WHERE reading.before IS NOT NULL AND reading.at >= s.since
    ) AS step
$$;
