-- Devices that are, or were, at a bench: what they say is about persons. And their oldest rows.
SELECT coalesce(array_agg(DISTINCT i.device_key), '{}') AS device_keys,
       coalesce(array_agg(DISTINCT i.asset_key), '{}')  AS asset_keys,
       least(
           (SELECT min(first.at) FROM installation AS j JOIN asset AS b USING (asset_key) CROSS JOIN LATERAL (
                SELECT min(u.received_at) AS at FROM uplink AS u WHERE u.device_key = j.device_key) AS first
            WHERE b.kind = 'bench'),
           (SELECT min(first.at) FROM installation AS j JOIN asset AS b USING (asset_key) CROSS JOIN LATERAL (
                SELECT min(m.observed_at) AS at FROM measurement AS m WHERE m.device_key = j.device_key) AS first
            WHERE b.kind = 'bench'),
           (SELECT min(first.at) FROM asset AS b CROSS JOIN LATERAL (
                SELECT min(e.observed_at) AS at FROM event AS e WHERE e.asset_key = b.asset_key) AS first
            WHERE b.kind = 'bench')) AS oldest
FROM installation AS i
JOIN asset AS a USING (asset_key)
WHERE a.kind = 'bench'
