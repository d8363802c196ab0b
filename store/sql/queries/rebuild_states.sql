-- The newest believed word of each asset and its run, from the events. `platform` is locked: ingest waits.
UPDATE asset_state AS now
SET reported = newest.state, observed_at = newest.observed_at, f_cnt = newest.f_cnt, silent_at = newest.silent_at,
    taken = newest.taken, reported_since = newest.since,
    closed = shown.closed, state = shown.state, since = shown.since, revision = %(revision)s
FROM asset
LEFT JOIN LATERAL (
    SELECT e.state, e.observed_at, e.f_cnt, e.observed_at + make_interval(secs => d.silent_after_s) AS silent_at, e.taken,
           run_since(asset.asset_key) AS since
    FROM event AS e
    JOIN device AS d USING (device_key)
    WHERE e.asset_key = asset.asset_key AND NOT count_is_refused(asset.kind, e.taken, asset.capacity)
    ORDER BY e.observed_at DESC, e.f_cnt DESC, e.state DESC, d.silent_after_s DESC, e.taken DESC NULLS LAST
    LIMIT 1
) AS newest ON true
CROSS JOIN LATERAL shown_state(asset.asset_key, newest.state, newest.since, newest.silent_at, %(as_of)s) AS shown
WHERE asset.asset_key = ANY (%(keys)s) AND now.asset_key = asset.asset_key
  AND (now.reported, now.observed_at, now.f_cnt, now.silent_at, now.taken, now.reported_since)
      IS DISTINCT FROM (newest.state, newest.observed_at, newest.f_cnt, newest.silent_at, newest.taken, newest.since)
  -- What was said before words were given up is still the last that was said.
  AND (newest.state IS NOT NULL
       OR now.observed_at >= (SELECT raw_from FROM history_horizon AS h WHERE h.asset_key = asset.asset_key))
