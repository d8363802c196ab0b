-- The span that goes on after it begins there, and tells of no arrival.
UPDATE span SET begins_at = %(before)s, arrivals = 0, departures = 0
WHERE asset_key = %(asset_key)s AND begins_at < %(before)s AND ends_at > %(before)s
