SELECT fault, day, begins_at, ends_at, times, residual
FROM quality_event
WHERE asset_key = %(asset_key)s AND fault = ANY (%(faults)s)
