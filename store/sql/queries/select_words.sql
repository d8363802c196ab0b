-- The words about assets around stretches of time: all within, and so many before and after. Of those before `raw_from`
-- some may still be there; they do not count any more. `earliest` bounds the search.
SELECT due.asset_key, word.observed_at, word.f_cnt, word.device_key, word.kind, word.state, word.taken, word.previous_s,
       due.capacity
FROM (
    -- Asked once for an asset, not once for each word: OFFSET keeps it here.
    SELECT d.*, (SELECT CASE WHEN a.kind = 'area' THEN a.capacity END FROM asset AS a WHERE a.asset_key = d.asset_key) AS capacity
    FROM unnest(%(keys)b::int4[], %(since)b::timestamptz[], %(until)b::timestamptz[], %(raw_from)b::timestamptz[])
        AS d (asset_key, since, until, raw_from)
    OFFSET 0
) AS due
CROSS JOIN LATERAL (
    (SELECT * FROM event AS e
     WHERE e.asset_key = due.asset_key AND e.observed_at < due.since AND e.observed_at >= due.raw_from
       AND e.observed_at >= %(earliest)s
     ORDER BY e.observed_at DESC, e.f_cnt DESC, e.state DESC
     LIMIT %(context)s)
    UNION ALL
    SELECT * FROM event AS e
    WHERE e.asset_key = due.asset_key AND e.observed_at >= due.since AND e.observed_at < due.until + INTERVAL '1 second'
      AND e.observed_at >= due.raw_from AND e.observed_at >= %(earliest)s
    UNION ALL
    (SELECT * FROM event AS e
     WHERE e.asset_key = due.asset_key AND e.observed_at >= due.until + INTERVAL '1 second'
       AND e.observed_at >= due.raw_from
     ORDER BY e.observed_at, e.f_cnt, e.state
     LIMIT %(context)s)
) AS word
