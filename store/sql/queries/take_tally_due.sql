-- Areas that are counted at their gates alone, and from when on they are to be worked out; the notes are taken away. Where an
-- area has a counter of its own, that one's word counts.
WITH taken AS (
    DELETE FROM tally_due
    WHERE area_key IN (SELECT area_key FROM tally_due GROUP BY area_key ORDER BY area_key LIMIT %(areas)s)
    RETURNING *
)
SELECT area.asset_key, area.capacity, area.anchor_at, area.anchor_taken, h.raw_from, min(t.since) AS since
FROM taken AS t
JOIN asset AS area ON area.asset_key = t.area_key
CROSS JOIN history AS h
WHERE area.kind = 'area'
  AND NOT EXISTS (SELECT FROM installation AS i WHERE i.asset_key = area.asset_key AND i.ends_at IS NULL)
GROUP BY area.asset_key, h.raw_from
