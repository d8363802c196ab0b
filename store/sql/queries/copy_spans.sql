COPY span (asset_key, begins_at, ends_at, state, taken, quality, arrivals, departures) FROM STDIN (FORMAT BINARY)
