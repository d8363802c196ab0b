SELECT device_key, observed_at, key, value
FROM measurement
WHERE observed_at >= %(earliest)s AND observed_at <= %(latest)s
  AND (%(device_key)s::integer IS NULL OR device_key = %(device_key)s)
