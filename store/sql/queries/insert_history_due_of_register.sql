-- Assets whose devices, or whose devices' terms, are not what they were: all of their history is due. What a gate says is
-- about its area. Of what has another capacity now the facts are to be made anew, too.
-- An area is counted anew.
WITH due AS (
SELECT a.asset_key, '0001-01-01Z'::timestamptz AS since, '9999-01-01Z'::timestamptz AS until, bool_or(concerned.facts) AS facts
FROM register_change AS c
CROSS JOIN LATERAL (
    SELECT c.record_id AS asset_id,
           (c.before ->> 'capacity', c.before ->> 'seats') IS DISTINCT FROM (c.after ->> 'capacity', c.after ->> 'seats') AS facts
    WHERE c.record = 'asset'
    UNION ALL
    SELECT told ->> 'area', false FROM unnest(ARRAY[c.before, c.after]) AS told WHERE c.record = 'asset'
    UNION ALL
    SELECT told ->> 'asset', false FROM unnest(ARRAY[c.before, c.after]) AS told WHERE c.record = 'installation'
    UNION ALL
    SELECT watched.asset_id, false
    FROM device AS d JOIN installation AS i USING (device_key) JOIN asset AS watched USING (asset_key)
    WHERE c.record = 'device' AND d.device_id = c.record_id
) AS concerned
JOIN asset AS named ON named.asset_id = concerned.asset_id
JOIN asset AS a ON a.asset_key = coalesce(named.area_key, named.asset_key)
GROUP BY a.asset_key
), tallied AS (
    INSERT INTO tally_due (area_key, since)
    SELECT asset_key, '2000-01-01Z' FROM due JOIN asset USING (asset_key) WHERE kind = 'area'
)
INSERT INTO history_due (asset_key, since, until, facts) SELECT * FROM due
