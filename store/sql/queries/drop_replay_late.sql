DROP TABLE IF EXISTS replay_late, replay_shared
