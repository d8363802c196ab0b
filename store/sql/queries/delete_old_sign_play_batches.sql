DELETE FROM sign_play_batch WHERE received_at < %(before)s
