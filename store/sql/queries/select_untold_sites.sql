-- Sites of which some bay's history waits to be told in the time from which it is worked out what is usual. What was heard in
-- its last hour waits its turn everywhere, and changes little.
SELECT DISTINCT s.site_id
FROM history_waiting AS d
JOIN asset AS a USING (asset_key)
JOIN site AS s USING (site_key)
WHERE a.kind = ANY (%(kinds)s) AND NOT a.home_linked
  AND d.until >= %(since)s AND d.since < %(until)s::timestamptz - INTERVAL '1 hour'
