-- Where the windows of a replay begin: every `rows` frames, in order of receipt.
SELECT DISTINCT received_at AS bound
FROM (
    SELECT received_at, row_number() OVER (ORDER BY received_at) AS number
    FROM uplink
    WHERE received_at >= %(begins)s AND received_at < %(ends)s
      AND (%(device_key)s::integer IS NULL OR device_key = %(device_key)s)
) AS numbered
WHERE number %% %(rows)s = 1
ORDER BY bound
