-- This server's clock, when ingest last vouched, and how much there is.
SELECT clock_timestamp(), as_of, (SELECT count(*) FROM device), (SELECT coalesce(sum(times), 0) FROM dead_letter)
FROM platform
