-- Chunks of the journal, of measurements and of events are a week long from now on; those that are there stay days. The rows
-- of a device in a chunk are compressed together, and what that costs is paid once for all of them (docs/performance.md).

SELECT set_chunk_time_interval('uplink', INTERVAL '7 days');
SELECT set_chunk_time_interval('measurement', INTERVAL '7 days');
SELECT set_chunk_time_interval('event', INTERVAL '7 days');
