DELETE FROM quality_event AS q
USING unnest(%(quality_keys)s::int4[], %(faults)s::text[], %(days)s::date[]) AS gone (asset_key, fault, day)
WHERE q.asset_key = gone.asset_key AND q.fault = gone.fault AND q.day = gone.day
