DELETE FROM measurement
USING unnest(%(device_keys)b::int4[], %(observed)b::timestamptz[]) AS moment (device_key, observed_at)
WHERE measurement.device_key = moment.device_key AND measurement.observed_at = moment.observed_at
  AND measurement.observed_at >= %(earliest)s AND measurement.observed_at <= %(latest)s
