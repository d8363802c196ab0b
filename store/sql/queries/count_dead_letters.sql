SELECT reason, sum(times)::bigint AS times FROM dead_letter GROUP BY reason ORDER BY reason
