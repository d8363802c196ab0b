DELETE FROM replay_newcomer
