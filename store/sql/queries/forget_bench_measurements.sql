-- But for the newest reading of each total: the next one is counted from it.
DELETE FROM measurement AS m
WHERE m.device_key = ANY (%(device_keys)s) AND m.observed_at >= %(since)s AND m.observed_at < %(until)s
  AND NOT (m.key IN ('charge_sessions_total', 'energy_wh_total')
           AND NOT EXISTS (SELECT FROM measurement AS later
                           WHERE later.device_key = m.device_key AND later.key = m.key
                             AND later.observed_at > m.observed_at AND later.observed_at < %(before)s))
