-- In order, so that two workers with the same messages wait for one another and not in a circle.
INSERT INTO suspect_message AS s (message_key, noted_at)
SELECT message_key, now() FROM unnest(%(message_keys)s::bytea[]) AS m (message_key) ORDER BY message_key
ON CONFLICT (message_key) DO UPDATE SET noted_at = excluded.noted_at
