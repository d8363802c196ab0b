-- What is shown of an asset, as before, in two parts: what it is where the closures are known, and a look at those of one
-- asset. The tick looks at the closures of all assets at once; and without OFFSET the planner puts each look of the second
-- part wherever its result is named, so that every frame took four instead of two.

CREATE FUNCTION shown_with(
    closed_at timestamptz, reopened_at timestamptz, reported text, reported_since timestamptz, silent_at timestamptz,
    as_of timestamptz
) RETURNS TABLE (closed boolean, state text, since timestamptz) LANGUAGE sql IMMUTABLE AS $$
    SELECT
        closed_at IS NOT NULL,
        CASE
            WHEN closed_at IS NOT NULL THEN 'closed'
            WHEN reported IS NULL OR silent_at <= as_of THEN 'unknown'
            ELSE reported
        END,
        CASE
            WHEN closed_at IS NOT NULL THEN closed_at
            WHEN silent_at <= as_of THEN greatest(silent_at, reopened_at)
            ELSE greatest(reported_since, reopened_at)
        END
$$;

CREATE OR REPLACE FUNCTION shown_state(
    of_asset integer, reported text, reported_since timestamptz, silent_at timestamptz, as_of timestamptz
) RETURNS TABLE (closed boolean, state text, since timestamptz) LANGUAGE sql STABLE AS $$
    SELECT shown.*
    FROM (
        SELECT
            (SELECT min(begins_at) FROM closure
             WHERE asset_key = of_asset AND coalesce(ends_at, 'infinity') > as_of AND begins_at <= as_of) AS closed_at,
            (SELECT max(coalesce(ends_at, 'infinity')) FROM closure
             WHERE asset_key = of_asset AND coalesce(ends_at, 'infinity') <= as_of)                       AS reopened_at
        OFFSET 0
    ) AS c
    CROSS JOIN LATERAL shown_with(c.closed_at, c.reopened_at, reported, reported_since, silent_at, as_of) AS shown
$$;
