-- What each asset is at a moment, when anything last came or went, and of the time since then how much is known.
SELECT c.asset_key, now.state, quiet.since, told.known_s, told.unknown_s
FROM unnest(%(keys)s::int4[]) AS c (asset_key)
CROSS JOIN LATERAL (
    SELECT state FROM span WHERE span.asset_key = c.asset_key AND begins_at <= %(at)s ORDER BY begins_at DESC LIMIT 1
) AS now
CROSS JOIN LATERAL (
    SELECT coalesce(
        (SELECT max(begins_at) FROM span
         WHERE span.asset_key = c.asset_key AND begins_at <= %(at)s AND arrivals + departures > 0),
        (SELECT min(begins_at) FROM span WHERE span.asset_key = c.asset_key)
    ) AS since
) AS quiet
CROSS JOIN LATERAL (
    SELECT coalesce(sum(seconds) FILTER (WHERE state IN ('free', 'occupied')), 0)::bigint AS known_s,
           coalesce(sum(seconds) FILTER (WHERE state = 'unknown'), 0)::bigint             AS unknown_s
    FROM (
        SELECT state, extract(epoch FROM least(ends_at, %(at)s) - begins_at) AS seconds
        FROM span
        WHERE span.asset_key = c.asset_key AND begins_at >= quiet.since AND begins_at < %(at)s
    ) AS since_then
) AS told
WHERE now.state IN ('free', 'occupied')
