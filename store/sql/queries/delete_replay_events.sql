DELETE FROM event
USING unnest(%(device_keys)b::int4[], %(observed)b::timestamptz[]) AS moment (device_key, observed_at)
WHERE event.device_key = moment.device_key AND event.observed_at = moment.observed_at AND event.f_cnt >= 0
  AND event.observed_at >= %(earliest)s AND event.observed_at <= %(latest)s
