INSERT INTO quality_event (asset_key, fault, day, begins_at, ends_at, times, residual)
SELECT *
FROM unnest(%(quality_keys)s::int4[], %(faults)s::text[], %(days)s::date[], %(begins)s::timestamptz[],
            %(ends)s::timestamptz[], %(times)s::int4[], %(residuals)s::int4[])
ON CONFLICT (asset_key, fault, day) DO UPDATE
SET begins_at = excluded.begins_at, ends_at = excluded.ends_at, times = excluded.times, residual = excluded.residual
