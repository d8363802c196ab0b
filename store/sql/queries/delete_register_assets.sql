WITH gone AS (
    SELECT a.asset_key FROM register_change AS c JOIN asset AS a ON a.asset_id = c.record_id
    WHERE c.record = 'asset' AND c.after IS NULL
), states AS (
    DELETE FROM asset_state USING gone WHERE asset_state.asset_key = gone.asset_key
), closures AS (
    -- Of its site or its zone: one of its own is named by a record, and keeps it here.
    DELETE FROM closure USING gone WHERE closure.asset_key = gone.asset_key
)
DELETE FROM asset USING gone WHERE asset.asset_key = gone.asset_key
