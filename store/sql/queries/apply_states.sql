-- What a batch changes of the present of assets. The newest word is the one with the greatest (event time, counter,
-- state, end, count): a late frame cannot move it, but can be part of the run that it ends, or break that run. Below every
-- count, as in store.folds, is none.
WITH said AS (
    SELECT
        newest.asset_key,
        CASE WHEN word.newer THEN newest.state ELSE old.reported END AS reported,
        CASE WHEN word.newer THEN newest.observed_at ELSE old.observed_at END AS observed_at,
        CASE WHEN word.newer THEN newest.f_cnt ELSE old.f_cnt END AS f_cnt,
        CASE WHEN word.newer THEN newest.silent_at ELSE old.silent_at END AS silent_at,
        CASE WHEN word.newer THEN newest.taken ELSE old.taken END AS taken,
        CASE
            WHEN newest.earliest <= old.observed_at THEN run_since(newest.asset_key)
            WHEN newest.unbroken AND newest.state = old.reported AND newest.earliest < old.silent_at
                AND (asset.kind <> 'area' OR newest.taken = old.taken)
                THEN old.reported_since
            ELSE newest.since
        END AS reported_since
    FROM unnest(%(asset_keys)b::int4[], %(states)b::text[], %(observed)b::timestamptz[], %(f_cnts)b::int8[],
                %(silent)b::timestamptz[], %(taken)b::int4[], %(since)b::timestamptz[], %(unbroken)b::bool[],
                %(earliest)b::timestamptz[])
        AS newest (asset_key, state, observed_at, f_cnt, silent_at, taken, since, unbroken, earliest)
    JOIN asset_state AS old USING (asset_key)
    JOIN asset USING (asset_key)
    CROSS JOIN LATERAL (
        SELECT old.observed_at IS NULL
            OR (newest.observed_at, newest.f_cnt, newest.state, newest.silent_at, coalesce(newest.taken, -2147483648))
            > (old.observed_at, old.f_cnt, old.reported, old.silent_at, coalesce(old.taken, -2147483648)) AS newer
    ) AS word
)
UPDATE asset_state AS now
SET reported = said.reported, observed_at = said.observed_at, f_cnt = said.f_cnt, silent_at = said.silent_at,
    taken = said.taken, reported_since = said.reported_since,
    closed = shown.closed, state = shown.state, since = shown.since, revision = %(revision)s
FROM said
CROSS JOIN LATERAL shown_state(said.asset_key, said.reported, said.reported_since, said.silent_at, %(as_of)s) AS shown
WHERE now.asset_key = said.asset_key
  AND (now.observed_at, now.f_cnt, now.reported, now.silent_at, now.taken, now.reported_since)
      IS DISTINCT FROM (said.observed_at, said.f_cnt, said.reported, said.silent_at, said.taken, said.reported_since)
