-- Areas that are counted at their gates: what people counted themselves, and which areas are to be worked out anew.
-- The counts are events of the area with an f_cnt of -1, which no frame has: no journal stands for them, they follow from
-- measurements and anchors (domain/counting.py).
CREATE TABLE recount (
    recount_id   integer     GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    asset_key    integer     NOT NULL REFERENCES asset,
    counted_at   timestamptz NOT NULL,
    taken        integer     NOT NULL CHECK (taken >= 0),
    shown        integer,                   -- what was shown before; NULL where nothing was known
    made_by      text        NOT NULL,
    made_at      timestamptz NOT NULL,
    withdrawn_by text,
    withdrawn_at timestamptz,
    CHECK ((withdrawn_by IS NULL) = (withdrawn_at IS NULL))
);
CREATE INDEX recount_asset ON recount (asset_key, counted_at);

CREATE TABLE tally_due (
    area_key integer     NOT NULL,
    since    timestamptz NOT NULL
);
INSERT INTO tally_due SELECT DISTINCT area_key, '2000-01-01Z'::timestamptz FROM asset WHERE area_key IS NOT NULL;

-- The night whose anchor is worked in.
CREATE TABLE tally_night (
    area_key integer     PRIMARY KEY,
    anchor   timestamptz NOT NULL
);
