SELECT DISTINCT observed_at AS bound
FROM (SELECT observed_at, row_number() OVER (ORDER BY observed_at) AS number FROM replay_late) AS numbered
WHERE number %% %(rows)s = 1
ORDER BY bound
