SELECT r.*, a.asset_id FROM recount AS r JOIN asset AS a USING (asset_key)
WHERE recount_id = %(recount_id)s
FOR UPDATE OF r
