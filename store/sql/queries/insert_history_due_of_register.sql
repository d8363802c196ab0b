-- Assets whose devices, or whose devices' terms, are not what they were, or that hold more or less: all of their history is
-- due. What a gate says is about its area, which is counted anew. Facts are to be made anew, too, where an asset holds
-- another number now, and of benches, which are charged at as their devices say.
WITH due AS (
SELECT a.asset_key, '0001-01-01Z'::timestamptz AS since, '9999-01-01Z'::timestamptz AS until,
       bool_or(concerned.facts OR (a.kind = 'bench' AND c.record = 'installation')) AS facts
FROM register_change AS c
CROSS JOIN LATERAL (
    SELECT c.record_id AS asset_id,
           (c.before ->> 'kind', c.before ->> 'capacity', c.before ->> 'seats')
               IS DISTINCT FROM (c.after ->> 'kind', c.after ->> 'capacity', c.after ->> 'seats') AS facts
    WHERE c.record = 'asset'
      AND (c.before ->> 'kind', c.before ->> 'capacity', c.before ->> 'seats', c.before ->> 'direction',
           c.before ->> 'anchor_at', c.before ->> 'anchor_taken')
          IS DISTINCT FROM (c.after ->> 'kind', c.after ->> 'capacity', c.after ->> 'seats', c.after ->> 'direction',
                            c.after ->> 'anchor_at', c.after ->> 'anchor_taken')
    UNION ALL
    SELECT told ->> 'area', false FROM unnest(ARRAY[c.before, c.after]) AS told WHERE c.record = 'asset'
    UNION ALL
    SELECT told ->> 'asset', false FROM unnest(ARRAY[c.before, c.after]) AS told WHERE c.record = 'installation'
    UNION ALL
    SELECT watched.asset_id, false
    FROM device AS d JOIN installation AS i USING (device_key) JOIN asset AS watched USING (asset_key)
    WHERE c.record = 'device' AND d.device_id = c.record_id
      AND c.before ->> 'silent_after_s' IS DISTINCT FROM c.after ->> 'silent_after_s'
) AS concerned
JOIN asset AS named ON named.asset_id = concerned.asset_id
JOIN asset AS a ON a.asset_key = coalesce(named.area_key, named.asset_key)
GROUP BY a.asset_key
), tallied AS (
    INSERT INTO tally_due (area_key, since)
    SELECT asset_key, '2000-01-01Z' FROM due JOIN asset USING (asset_key) WHERE kind = 'area'
)
INSERT INTO history_due (asset_key, since, until, facts) SELECT * FROM due
