-- What time alone changes: silence becomes unknown, closures begin and end. Frames wait for this: the closures of all
-- assets are looked at once, not asset by asset.
WITH c AS (
    SELECT asset_key,
           min(begins_at) FILTER (WHERE coalesce(ends_at, 'infinity') > %(as_of)s)                AS closed_at,
           max(coalesce(ends_at, 'infinity')) FILTER (WHERE coalesce(ends_at, 'infinity') <= %(as_of)s) AS reopened_at
    FROM closure
    WHERE begins_at <= %(as_of)s
    GROUP BY asset_key
), due AS (
    SELECT s.asset_key, shown.*
    FROM asset_state AS s
    LEFT JOIN c USING (asset_key)
    CROSS JOIN LATERAL
        shown_with(c.closed_at, c.reopened_at, s.reported, s.reported_since, s.silent_at, %(as_of)s) AS shown
    WHERE (s.closed, s.state, s.since) IS DISTINCT FROM (shown.closed, shown.state, shown.since)
)
UPDATE asset_state AS now
SET closed = due.closed, state = due.state, since = due.since, revision = %(revision)s
FROM due
WHERE now.asset_key = due.asset_key
