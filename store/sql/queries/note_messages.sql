-- In order, so that two workers with the same messages wait for one another and not in a circle.
INSERT INTO suspect_message AS s (message_key, times, noted_at)
SELECT message_key, %(times)s, now() FROM unnest(%(message_keys)s::bytea[]) AS m (message_key) ORDER BY message_key
ON CONFLICT (message_key) DO UPDATE SET times = greatest(s.times, excluded.times), noted_at = excluded.noted_at
