-- Assets whose devices, or whose devices' terms, are not what they were, or that hold more or less: all of their history is
-- due. What a gate says is about its area. Facts are to be made anew, too, where an asset holds another number now, and of
-- benches, which are charged at as their devices say.
INSERT INTO history_due (asset_key, since, until, facts)
SELECT a.asset_key, '0001-01-01Z'::timestamptz, '9999-01-01Z'::timestamptz,
       bool_or(concerned.facts OR (a.kind = 'bench' AND c.record = 'installation'))
FROM register_change AS c
CROSS JOIN LATERAL (
    SELECT c.record_id AS asset_id, true AS facts
    WHERE c.record = 'asset'
      AND (c.before ->> 'kind', c.before ->> 'capacity', c.before ->> 'seats')
          IS DISTINCT FROM (c.after ->> 'kind', c.after ->> 'capacity', c.after ->> 'seats')
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
