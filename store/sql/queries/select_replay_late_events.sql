SELECT device_key, observed_at, asset_key, f_cnt, kind, state, taken, previous_s
FROM event AS d
JOIN (
    SELECT DISTINCT device_key, observed_at FROM replay_late
    WHERE observed_at >= %(earliest)s AND observed_at <= %(latest)s
) AS moment USING (device_key, observed_at)
WHERE observed_at >= %(earliest)s AND observed_at <= %(latest)s
  AND (%(asset_keys)s::integer[] IS NULL OR asset_key = ANY (%(asset_keys)s))
  AND f_cnt >= 0  -- what is counted at gates follows from measurements, not from frames
