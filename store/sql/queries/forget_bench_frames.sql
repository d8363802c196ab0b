DELETE FROM uplink
WHERE device_key = ANY (%(device_keys)s) AND received_at >= %(since)s AND received_at < %(until)s
