-- The newest word of each asset in this batch. An older word than the one we have changes nothing (monotonic guard);
-- a word that is already too old to count leaves the asset unknown.
UPDATE asset_state AS now
SET reported = batch.state,
    observed_at = batch.observed_at,
    f_cnt = batch.f_cnt,
    silent_at = batch.silent_at,
    state = next.state,
    since = CASE WHEN next.state IS DISTINCT FROM now.state THEN batch.since ELSE now.since END,
    revision = %(revision)s
FROM unnest(%(asset_keys)s::integer[], %(states)s::text[], %(since)s::timestamptz[], %(observed)s::timestamptz[],
            %(f_cnts)s::bigint[], %(silent)s::timestamptz[])
         AS batch (asset_key, state, since, observed_at, f_cnt, silent_at)
CROSS JOIN LATERAL (
    SELECT s.closed, CASE WHEN s.closed THEN 'closed' WHEN batch.silent_at <= %(as_of)s THEN 'unknown' ELSE batch.state END AS state
    FROM asset_state AS s WHERE s.asset_key = batch.asset_key
) AS next
WHERE now.asset_key = batch.asset_key
  AND (now.observed_at IS NULL OR (batch.observed_at, batch.f_cnt) > (now.observed_at, now.f_cnt))
