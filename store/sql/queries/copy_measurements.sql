COPY measurement (observed_at, device_key, key, value) FROM STDIN (FORMAT BINARY)
