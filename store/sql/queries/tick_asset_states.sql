-- What time alone changes: silence becomes unknown, closures begin and end.
WITH due AS (
    SELECT
        s.asset_key,
        c.begins_at IS NOT NULL AS closed,
        CASE
            WHEN c.begins_at IS NOT NULL THEN 'closed'
            WHEN s.reported IS NULL OR s.silent_at <= %(as_of)s THEN 'unknown'
            ELSE s.reported
        END AS state,
        CASE
            WHEN c.begins_at IS NOT NULL THEN c.begins_at
            WHEN s.silent_at <= %(as_of)s THEN s.silent_at
            ELSE %(as_of)s
        END AS since
    FROM asset_state AS s
    LEFT JOIN LATERAL (
        SELECT min(begins_at) AS begins_at FROM closure
        WHERE asset_key = s.asset_key AND begins_at <= %(as_of)s AND (ends_at IS NULL OR ends_at > %(as_of)s)
    ) AS c ON true
)
UPDATE asset_state AS now
SET closed = due.closed, state = due.state, since = due.since, revision = %(revision)s
FROM due
WHERE now.asset_key = due.asset_key AND (now.closed, now.state) IS DISTINCT FROM (due.closed, due.state)
