-- As `insert_seen_frames` where none of these frames was seen before; one that was is a unique violation, and costs
-- the transaction. In the same order, so that two workers with the same frames wait for one another and not in a circle.
INSERT INTO seen_frame (frame_key, seen_at)
SELECT frame_key, %(seen_at)s FROM unnest(%(frame_keys)b::bytea[]) AS batch (frame_key)
ORDER BY frame_key
