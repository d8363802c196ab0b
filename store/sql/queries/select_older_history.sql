-- Those of these assets that have a history before a moment each.
SELECT due.asset_key
FROM unnest(%(keys)b::int4[], %(moments)b::timestamptz[]) AS due (asset_key, moment)
WHERE EXISTS (SELECT FROM span AS s WHERE s.asset_key = due.asset_key AND s.begins_at < due.moment)
