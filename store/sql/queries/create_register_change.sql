CREATE TEMPORARY TABLE register_change (record text, record_id text, before jsonb, after jsonb) ON COMMIT DROP
