CREATE INDEX ON replay_late (observed_at)
