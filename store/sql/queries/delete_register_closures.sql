DELETE FROM planned_closure AS p USING register_change AS c
WHERE c.record = 'closure' AND c.after IS NULL AND p.closure_id = c.record_id
