-- Where the windows of a replay begin: every `rows` frames, in order of receipt.
SELECT DISTINCT received_at
FROM (
    SELECT received_at, row_number() OVER (ORDER BY received_at) AS number
    FROM uplink
    WHERE received_at >= %(begins)s AND received_at < %(ends)s
) AS numbered
WHERE number %% %(rows)s = 1
ORDER BY received_at
