SELECT DISTINCT device_key, observed_at FROM replay_newcomer
