-- Of one device only where it was ever installed: there is an index of assets, none of devices.
SELECT device_key, observed_at, asset_key, f_cnt, kind, state, taken, previous_s
FROM event
WHERE observed_at >= %(earliest)s AND observed_at <= %(latest)s
  AND (%(device_key)s::integer IS NULL OR device_key = %(device_key)s)
  AND (%(asset_keys)s::integer[] IS NULL OR asset_key = ANY (%(asset_keys)s))
  AND f_cnt >= 0  -- what is counted at gates follows from measurements, not from frames
