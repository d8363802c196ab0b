-- Closures that come again and are not worked out so far ahead.
SELECT planned_key, begins_at, ends_at, weekdays, from_time, to_time, except_days, false AS gone
FROM planned_closure
WHERE weekdays IS NOT NULL AND worked_out_until < %(ahead)s AND coalesce(ends_at, 'infinity') > worked_out_until
