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
ALTER TABLE history_due ADD COLUMN IF NOT EXISTS facts boolean NOT NULL DEFAULT false;

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

-- What was wrong with the data of an asset on a local day: one row for each fault, however often it happened.
CREATE TABLE quality_event (
    asset_key integer     NOT NULL,
    fault     text        NOT NULL,
    day       date        NOT NULL,   -- in London
    begins_at timestamptz NOT NULL,   -- the first word that was at fault, or the time
    ends_at   timestamptz NOT NULL CHECK (ends_at >= begins_at),
    times     integer     NOT NULL CHECK (times > 0),
    residual  integer     NOT NULL,   -- the furthest that any was beyond what can be
    PRIMARY KEY (asset_key, fault, day)
);
CREATE INDEX quality_event_day ON quality_event (day);

-- Areas of which words or spans may have changed, from when to when. Whatever is noted in `history_due` is noted here, too.
CREATE TABLE quality_due (
    asset_key integer     NOT NULL,
    since     timestamptz NOT NULL,
    until     timestamptz NOT NULL
);
CREATE FUNCTION note_quality_due() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO quality_due (asset_key, since, until)
    SELECT noted.asset_key, noted.since, noted.until
    FROM noted JOIN asset AS a ON a.asset_key = noted.asset_key
    WHERE a.kind = 'area';
    RETURN NULL;
END
$$;
CREATE TRIGGER history_due_quality AFTER INSERT ON history_due REFERENCING NEW TABLE AS noted
    FOR EACH STATEMENT EXECUTE FUNCTION note_quality_due();

-- Days that were over before `days_until` have been looked at as a whole.
CREATE TABLE quality (
    only_row   boolean     PRIMARY KEY DEFAULT true CHECK (only_row),
    days_until timestamptz NOT NULL DEFAULT '2000-01-01Z'
);
INSERT INTO quality DEFAULT VALUES;
