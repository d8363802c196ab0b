-- What is shown of an asset, as before, but looked up once: without OFFSET the planner puts each look at the closures
-- wherever its result is named, and of every frame four were taken instead of two.
CREATE OR REPLACE FUNCTION shown_state(
    of_asset integer, reported text, reported_since timestamptz, silent_at timestamptz, as_of timestamptz
) RETURNS TABLE (closed boolean, state text, since timestamptz) LANGUAGE sql STABLE AS $$
    SELECT
        c.closed_at IS NOT NULL,
        CASE
            WHEN c.closed_at IS NOT NULL THEN 'closed'
            WHEN reported IS NULL OR silent_at <= as_of THEN 'unknown'
            ELSE reported
        END,
        CASE
            WHEN c.closed_at IS NOT NULL THEN c.closed_at
            WHEN silent_at <= as_of THEN greatest(silent_at, c.reopened_at)
            ELSE greatest(reported_since, c.reopened_at)
        END
    FROM (
        SELECT
            (SELECT min(begins_at) FROM closure
             WHERE asset_key = of_asset AND coalesce(ends_at, 'infinity') > as_of AND begins_at <= as_of) AS closed_at,
            (SELECT max(coalesce(ends_at, 'infinity')) FROM closure
             WHERE asset_key = of_asset AND coalesce(ends_at, 'infinity') <= as_of)                       AS reopened_at
        OFFSET 0
    ) AS c
$$;
