DELETE FROM site USING register_change AS c WHERE c.record = 'site' AND c.after IS NULL AND site_id = c.record_id
