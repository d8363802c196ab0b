-- The assets of which something in a period waits to be told, and from when on.
SELECT asset_key, min(greatest(since, %(since)s::timestamptz)) AS untold_from
FROM history_waiting
WHERE asset_key = ANY (%(keys)s::int4[]) AND since < %(until)s AND until >= %(since)s
GROUP BY asset_key
