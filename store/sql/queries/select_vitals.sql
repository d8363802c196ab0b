-- How far this server's clock is from ours, when ingest last vouched, and how much there is.
SELECT now() - %(now)s, as_of, (SELECT count(*) FROM device), (SELECT coalesce(sum(times), 0) FROM dead_letter)
FROM platform
