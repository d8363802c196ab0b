-- What the counters at the gates of an area said from a moment on, and the last words of each before it: two, for the times
-- of two that are near to one another do not say which is the last. A device says what it has counted since it is where it
-- is: `source`. A gate without a device is a row without a word.
SELECT gate.asset_key AS gate_key, gate.direction, i.begins_at, i.device_key, d.silent_after_s,
       i.device_key || '@' || extract(epoch FROM i.begins_at) AS source, word.observed_at, word.key, word.value
FROM asset AS gate
LEFT JOIN installation AS i ON i.asset_key = gate.asset_key
LEFT JOIN device AS d USING (device_key)
LEFT JOIN LATERAL (
    SELECT m.observed_at, m.key, m.value
    FROM measurement AS m
    WHERE m.device_key = i.device_key AND m.key = ANY (%(keys)s)
      AND m.observed_at >= greatest(i.begins_at, %(since)s) AND (i.ends_at IS NULL OR m.observed_at < i.ends_at)
    UNION ALL
    SELECT before.*
    FROM unnest(%(keys)s::text[]) AS wanted (key)
    CROSS JOIN LATERAL (
        SELECT m.observed_at, m.key, m.value
        FROM measurement AS m
        WHERE m.device_key = i.device_key AND m.key = wanted.key
          AND m.observed_at >= i.begins_at AND m.observed_at < least(%(since)s, coalesce(i.ends_at, 'infinity'))
        ORDER BY m.observed_at DESC
        LIMIT 2
    ) AS before
) AS word ON true
WHERE gate.area_key = %(area_key)s
