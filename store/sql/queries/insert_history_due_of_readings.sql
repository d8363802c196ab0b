-- Readings of charging that came or changed: the facts of these moments, and the steps that are counted from them.
INSERT INTO history_due (asset_key, since, until, facts)
SELECT i.asset_key, min(moment.observed_at), max(moment.observed_at), true
FROM unnest(%(device_keys)b::int4[], %(observed)b::timestamptz[]) AS moment (device_key, observed_at)
JOIN installation AS i
    ON i.device_key = moment.device_key
   AND i.begins_at <= moment.observed_at AND (i.ends_at IS NULL OR moment.observed_at < i.ends_at)
JOIN asset AS a ON a.asset_key = i.asset_key AND a.kind = 'bench'
GROUP BY i.asset_key, date_trunc('day', moment.observed_at)
