SELECT r.*, a.asset_id FROM recount AS r JOIN asset AS a USING (asset_key)
WHERE r.asset_key = %(area_key)s
ORDER BY counted_at DESC, recount_id DESC
