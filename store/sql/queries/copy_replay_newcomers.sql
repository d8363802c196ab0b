COPY replay_newcomer (device_key, observed_at) FROM STDIN (FORMAT BINARY)
