-- Of each local day of an area between two hours: how many different numbers were known, and for how many seconds any was.
SELECT d.day::date AS day, count(DISTINCT s.taken) AS values,
       coalesce(sum(extract(epoch FROM least(s.ends_at, hours.ends_at) - greatest(s.begins_at, hours.begins_at))), 0)::integer
           AS known_s
FROM generate_series(%(first_day)s::timestamp, %(last_day)s::timestamp, INTERVAL '1 day') AS d (day)
CROSS JOIN LATERAL (
    SELECT (d.day + %(begins)s::time) AT TIME ZONE 'Europe/London' AS begins_at,
           (d.day + %(ends)s::time) AT TIME ZONE 'Europe/London' AS ends_at
) AS hours
JOIN LATERAL (
    SELECT *
    FROM span
    WHERE span.asset_key = %(asset_key)s AND span.begins_at < hours.ends_at
      AND span.begins_at >= coalesce((SELECT max(first.begins_at) FROM span AS first
                                      WHERE first.asset_key = %(asset_key)s AND first.begins_at <= hours.begins_at),
                                     hours.begins_at)
) AS s ON s.state IN ('free', 'occupied')
GROUP BY d.day
ORDER BY d.day
