COPY event (observed_at, asset_key, device_key, f_cnt, kind, state, taken, previous_s) FROM STDIN (FORMAT BINARY)
