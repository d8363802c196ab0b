-- Assets of which there are words that count from before a moment.
SELECT due.asset_key
FROM unnest(%(keys)b::int4[], %(moments)b::timestamptz[]) AS due (asset_key, raw_from)
WHERE EXISTS (SELECT FROM event AS e
              WHERE e.asset_key = due.asset_key AND e.observed_at < %(earliest)s AND e.observed_at >= due.raw_from)
