COPY event (observed_at, asset_key, device_key, f_cnt, kind, state) FROM STDIN (FORMAT BINARY)
