-- What a batch changes of the present of assets. The newest word is the one with the greatest (event time, counter,
-- state, end, count): a late frame cannot move it, but can be part of the run that it ends, or break that run. Below every
-- count, as in store.folds, is none.
UPDATE asset_state AS now
SET (reported, observed_at, f_cnt, silent_at, taken, reported_since, closed, state, since) = (
        SELECT said.*, shown.*
        FROM (
            SELECT
                CASE WHEN word.newer THEN newest.state ELSE now.reported END AS reported,
                CASE WHEN word.newer THEN newest.observed_at ELSE now.observed_at END AS observed_at,
                CASE WHEN word.newer THEN newest.f_cnt ELSE now.f_cnt END AS f_cnt,
                CASE WHEN word.newer THEN newest.silent_at ELSE now.silent_at END AS silent_at,
                CASE WHEN word.newer THEN newest.taken ELSE now.taken END AS taken,
                CASE
                    WHEN newest.earliest <= now.observed_at THEN run_since(newest.asset_key)
                    WHEN newest.unbroken AND newest.state = now.reported AND newest.earliest < now.silent_at
                        AND (NOT newest.is_area OR newest.taken = now.taken)
                        THEN now.reported_since
                    ELSE newest.since
                END AS reported_since
            FROM (
                SELECT (newest.observed_at, newest.f_cnt, newest.state, newest.silent_at,
                        coalesce(newest.taken, -2147483648))
                    > (now.observed_at, now.f_cnt, now.reported, now.silent_at, coalesce(now.taken, -2147483648))
                    IS NOT FALSE AS newer
            ) AS word
        ) AS said
        CROSS JOIN LATERAL
            shown_state(now.asset_key, said.reported, said.reported_since, said.silent_at, %(as_of)s) AS shown
    ),
    revision = %(revision)s
FROM unnest(%(asset_keys)b::int4[], %(states)b::text[], %(observed)b::timestamptz[], %(f_cnts)b::int8[],
            %(silent)b::timestamptz[], %(taken)b::int4[], %(areas)b::bool[], %(since)b::timestamptz[],
            %(unbroken)b::bool[], %(earliest)b::timestamptz[])
    AS newest (asset_key, state, observed_at, f_cnt, silent_at, taken, is_area, since, unbroken, earliest)
WHERE now.asset_key = newest.asset_key
  -- A late frame inside of a run that is known changes nothing.
  AND ((newest.observed_at, newest.f_cnt, newest.state, newest.silent_at, coalesce(newest.taken, -2147483648))
           > (now.observed_at, now.f_cnt, now.reported, now.silent_at, coalesce(now.taken, -2147483648)) IS NOT FALSE
       OR run_since(newest.asset_key) IS DISTINCT FROM now.reported_since)
