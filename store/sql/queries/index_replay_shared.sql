CREATE INDEX ON replay_shared (device_key, observed_at)
