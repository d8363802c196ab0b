-- The counts of an area from a moment on become these; what changed is due to be told anew. What is right stays.
WITH wanted AS (
    SELECT * FROM unnest(%(at)s::timestamptz[], %(taken)s::int4[], %(device_keys)s::int4[])
        AS w (observed_at, taken, device_key)
), gone AS (
    DELETE FROM event AS e
    WHERE e.asset_key = %(area_key)s AND e.f_cnt = -1 AND e.observed_at >= %(since)s
      AND NOT EXISTS (SELECT FROM wanted AS w
                      WHERE (w.observed_at, w.taken, w.device_key) = (e.observed_at, e.taken, e.device_key))
    RETURNING observed_at
), come AS (
    INSERT INTO event (observed_at, asset_key, device_key, f_cnt, kind, state, taken)
    SELECT w.observed_at, %(area_key)s, w.device_key, -1, 'heartbeat',
           CASE WHEN w.taken > 0 THEN 'occupied' ELSE 'free' END, w.taken
    FROM wanted AS w
    WHERE NOT EXISTS (SELECT FROM event AS e
                      WHERE e.asset_key = %(area_key)s AND e.f_cnt = -1 AND e.observed_at >= %(since)s
                        AND (w.observed_at, w.taken, w.device_key) = (e.observed_at, e.taken, e.device_key))
    RETURNING observed_at
), changed AS (
    SELECT min(observed_at) AS since, max(observed_at) AS until
    FROM (SELECT * FROM gone UNION ALL SELECT * FROM come) AS one
)
INSERT INTO history_due (asset_key, since, until)
SELECT %(area_key)s, since, until FROM changed WHERE since IS NOT NULL
RETURNING asset_key
