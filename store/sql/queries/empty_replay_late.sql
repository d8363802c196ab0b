TRUNCATE replay_late, replay_shared
