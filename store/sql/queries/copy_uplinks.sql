COPY uplink (received_at, device_key, network, session, f_cnt, f_port, payload, observed_at, time_source,
             rssi_dbm, snr_db, gateway_count, codec, codec_version, kind, gateways, signals, lag_ms)
FROM STDIN (FORMAT BINARY)
