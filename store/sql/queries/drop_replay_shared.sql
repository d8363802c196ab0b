DROP TABLE IF EXISTS replay_shared
