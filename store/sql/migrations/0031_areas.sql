-- Counted areas and their gates: what is counted, what is believed of it, who corrected it, and what was wrong with it.

ALTER TABLE asset
    DROP CONSTRAINT asset_kind_check,
    DROP CONSTRAINT asset_check,
    ADD CONSTRAINT asset_kind CHECK (kind IN ('bay', 'bench', 'area', 'gate')),
    ADD CONSTRAINT asset_category CHECK ((kind IN ('bay', 'area')) = (category IS NOT NULL)),
    ADD COLUMN area_key     integer REFERENCES asset,                                     -- of a gate: where it leads to
    ADD COLUMN direction    text CHECK (direction IN ('in', 'out', 'both')),
    ADD COLUMN anchor_at    text CHECK (anchor_at ~ '^([01][0-9]|2[0-3]):[0-5][0-9]$'),   -- of an area: local time at which
    ADD COLUMN anchor_taken integer CHECK (anchor_taken >= 0),                            -- so many are known to be there
    ADD CONSTRAINT asset_gate CHECK (kind = 'gate' OR (area_key IS NULL AND direction IS NULL)),
    ADD CONSTRAINT asset_anchor CHECK ((anchor_at IS NULL) = (anchor_taken IS NULL));
CREATE INDEX asset_area ON asset (area_key) WHERE area_key IS NOT NULL;

ALTER TABLE codec_script
    DROP CONSTRAINT codec_script_senses_check,
    ADD CONSTRAINT codec_script_senses CHECK (senses IN ('bay', 'bench', 'area', 'gate'));

-- What was counted last, where something counts; as it was said.
ALTER TABLE asset_state ADD COLUMN taken integer;

-- Facts are to be made anew also where the spans stay what they are: an area was given another capacity.
ALTER TABLE history_due ADD COLUMN facts boolean NOT NULL DEFAULT false;

-- Whether a count of an area is a fault of its source. As `domain.counts.believed`.
CREATE FUNCTION count_is_refused(kind text, taken integer, capacity integer) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT coalesce(kind = 'area' AND (taken < 0 OR taken > capacity + greatest(1, capacity / 10)), false)
$$;

-- As in 0007, and: a run of an area is one of equal counts, and what is refused is no word.
CREATE OR REPLACE FUNCTION run_since(of_asset integer) RETURNS timestamptz LANGUAGE sql STABLE AS $$
    SELECT observed_at
    FROM (
        SELECT
            e.observed_at,
            lead(e.state) OVER back IS DISTINCT FROM e.state
                OR (a.kind = 'area' AND lead(e.taken) OVER back IS DISTINCT FROM e.taken)
                OR e.observed_at >= lead(e.observed_at + make_interval(secs => d.silent_after_s)) OVER back AS begins
        FROM event AS e
        JOIN device AS d USING (device_key)
        CROSS JOIN (SELECT kind, capacity FROM asset WHERE asset_key = of_asset) AS a
        WHERE e.asset_key = of_asset AND NOT count_is_refused(a.kind, e.taken, a.capacity)
        WINDOW back AS (ORDER BY e.observed_at DESC, e.f_cnt DESC, e.state DESC, d.silent_after_s DESC,
                                 e.taken DESC NULLS LAST)
    ) AS run
    WHERE begins
    ORDER BY observed_at DESC
    LIMIT 1
$$;
