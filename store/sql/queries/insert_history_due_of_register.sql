-- Assets whose devices, or whose devices' terms, are not what they were, or that hold more or less: all of their history is
-- due. Facts as well, for they count by what an asset holds, and by which devices were there.
INSERT INTO history_due (asset_key, since, until, facts)
SELECT DISTINCT a.asset_key, '0001-01-01Z'::timestamptz, '9999-01-01Z'::timestamptz, true
FROM register_change AS c
CROSS JOIN LATERAL (
    SELECT c.record_id AS asset_id
    WHERE c.record = 'asset'
      AND (c.before ->> 'kind', c.before ->> 'capacity') IS DISTINCT FROM (c.after ->> 'kind', c.after ->> 'capacity')
    UNION ALL
    SELECT told ->> 'asset' FROM unnest(ARRAY[c.before, c.after]) AS told WHERE c.record = 'installation'
    UNION ALL
    SELECT watched.asset_id
    FROM device AS d JOIN installation AS i USING (device_key) JOIN asset AS watched USING (asset_key)
    WHERE c.record = 'device' AND d.device_id = c.record_id
      AND c.before ->> 'silent_after_s' IS DISTINCT FROM c.after ->> 'silent_after_s'
) AS concerned
JOIN asset AS a ON a.asset_id = concerned.asset_id
