-- Which of these frames are new. A frame that another worker is just storing waits for that worker's commit; in order,
-- so that two workers with the same frames wait for one another and not in a circle.
INSERT INTO seen_frame (frame_key, seen_at)
SELECT frame_key, %(seen_at)s FROM unnest(%(frame_keys)b::bytea[]) AS batch (frame_key)
ORDER BY frame_key
ON CONFLICT DO NOTHING
RETURNING frame_key
