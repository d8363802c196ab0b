-- What was counted in an area on local days, and a little before and after.
SELECT e.observed_at, e.f_cnt, e.device_key, e.kind, e.taken, d.silent_after_s
FROM event AS e
JOIN device AS d USING (device_key)
WHERE e.asset_key = %(asset_key)s AND e.taken IS NOT NULL
  AND e.observed_at >= %(first_day)s::timestamp AT TIME ZONE 'Europe/London' - %(around)s
  AND e.observed_at < (%(last_day)s + 1)::timestamp AT TIME ZONE 'Europe/London' + %(around)s
ORDER BY e.observed_at
