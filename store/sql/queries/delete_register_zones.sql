DELETE FROM zone USING register_change AS c WHERE c.record = 'zone' AND c.after IS NULL AND zone_id = c.record_id
