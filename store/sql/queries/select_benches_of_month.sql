-- Benches that have a history since the beginning of a month, and whether anything of it waits to be told anew.
SELECT a.asset_key, s.site_id, s.name, coalesce(s.ward, '') AS ward,
       EXISTS (SELECT FROM history_waiting AS d WHERE d.asset_key = a.asset_key AND d.since < %(until)s) AS is_due
FROM asset AS a
JOIN site AS s USING (site_key)
WHERE a.kind = 'bench' AND EXISTS (SELECT FROM fact_hour AS h WHERE h.asset_key = a.asset_key AND h.hour = %(since)s)
