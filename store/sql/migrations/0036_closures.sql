-- Closures as people plan them: of a site, a zone or an asset, once or again and again. `closure` has the times that follow
-- from them for each asset, as far back as they go and some weeks ahead (domain/closures.py).
CREATE TABLE planned_closure (
    planned_key      integer     GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    closure_id       text        NOT NULL UNIQUE,
    site_key         integer     REFERENCES site,
    zone_key         integer     REFERENCES zone,
    asset_key        integer     REFERENCES asset,
    reason           text        NOT NULL,
    begins_at        timestamptz NOT NULL,
    ends_at          timestamptz CHECK (ends_at > begins_at),
    weekdays         text,                  -- 'mon fri'; without them it is all the time from begins_at to ends_at
    from_time        text,                  -- '08:00' on UK clocks
    to_time          text,
    except_days      text,                  -- '2026-12-25 2027-01-01'
    worked_out_until timestamptz NOT NULL DEFAULT '-infinity',
    CHECK (num_nonnulls(site_key, zone_key, asset_key) = 1),
    CHECK (weekdays IS NOT NULL OR num_nonnulls(from_time, to_time, except_days) = 0)
);

-- Of two closures of an asset both may begin at the same time.
ALTER TABLE closure
    ADD COLUMN planned_key integer REFERENCES planned_closure,
    DROP CONSTRAINT closure_pkey;
CREATE INDEX closure_planned ON closure (planned_key, asset_key, begins_at);
CREATE INDEX closure_end ON closure (asset_key, coalesce(ends_at, 'infinity'));

-- Until now closures came from places files alone. As domain.register_closures names them.
INSERT INTO planned_closure (closure_id, asset_key, reason, begins_at, ends_at)
SELECT 'file-' || a.asset_id || '-' || to_char(c.begins_at AT TIME ZONE 'UTC', 'YYYYMMDD"t"HH24MISS'),
       c.asset_key, c.reason, c.begins_at, c.ends_at
FROM closure AS c JOIN asset AS a USING (asset_key);
UPDATE closure AS c SET planned_key = p.planned_key
FROM planned_closure AS p WHERE p.asset_key = c.asset_key AND p.begins_at = c.begins_at;

-- As in 0007, but it looks at the closures that are or will be and at the last one that was, however many there were.
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
    ) AS c
$$;
