-- The gaps in what the journal holds of a session: first and last counter of each.
SELECT before + 1 AS first_f_cnt, f_cnt - 1 AS last_f_cnt
FROM (
    SELECT u.f_cnt, lag(u.f_cnt) OVER (ORDER BY u.f_cnt) AS before
    FROM uplink AS u
    JOIN device AS d USING (device_key)
    WHERE d.device_id = %(device_id)s AND u.session = %(session)s
) AS heard
WHERE f_cnt > before + 1
ORDER BY first_f_cnt
LIMIT %(limit)s
