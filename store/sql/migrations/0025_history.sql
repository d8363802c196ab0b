-- History: what each asset was in every second, and how many seconds of each quarter of an hour it was what.
--
-- `span` is a pure function of events and closures (domain/spans.py), `fact_15m` one of spans. Whatever changes an event or
-- a closure notes in `history_due` which assets have to be told anew, from when to when, in its own transaction.

ALTER TABLE event
    ADD COLUMN taken      integer,   -- persons or vehicles, where the sensor counts them; NULL where it says yes or no
    ADD COLUMN previous_s integer;   -- how long the state before lasted, where the sensor says so

ALTER TABLE asset
    ADD COLUMN capacity         integer NOT NULL DEFAULT 1 CHECK (capacity BETWEEN 1 AND 100000),
    ADD COLUMN seats            integer CHECK (seats BETWEEN 1 AND 1000),
    ADD COLUMN max_stay_minutes integer CHECK (max_stay_minutes BETWEEN 1 AND 525600),
    ADD COLUMN home_linked      boolean NOT NULL DEFAULT false;   -- who parks there is known by name: never in public
ALTER TABLE site ADD COLUMN ward text;

-- Without gaps from the first word or closure of an asset to the end of time; the future is what silence and closures that
-- are known today make of it.
CREATE TABLE span (
    asset_key  integer     NOT NULL,
    begins_at  timestamptz NOT NULL,
    ends_at    timestamptz NOT NULL CHECK (ends_at > begins_at),
    state      text        NOT NULL CHECK (state IN ('free', 'occupied', 'unknown', 'closed')),
    taken      integer     NOT NULL CHECK (taken >= 0),
    quality    text        NOT NULL CHECK (quality IN ('observed', 'inferred', 'repaired')),
    arrivals   integer     NOT NULL,   -- at its beginning
    departures integer     NOT NULL,
    PRIMARY KEY (asset_key, begins_at)
);

-- One row for each asset and quarter of an hour. The four states add up to 900 times the capacity; every roll-up is a sum.
CREATE TABLE fact_15m (
    bucket     timestamptz NOT NULL,
    asset_key  integer     NOT NULL,
    free_s     integer     NOT NULL CHECK (free_s >= 0),
    occupied_s integer     NOT NULL CHECK (occupied_s >= 0),
    unknown_s  integer     NOT NULL CHECK (unknown_s >= 0),
    closed_s   integer     NOT NULL CHECK (closed_s >= 0),
    inferred_s integer     NOT NULL,   -- of these, those that are not as a sensor said
    taken_s    integer     NOT NULL,   -- persons or vehicles times seconds
    arrivals   integer     NOT NULL,
    departures integer     NOT NULL,
    PRIMARY KEY (asset_key, bucket)
);

CREATE TABLE history_due (
    asset_key integer     NOT NULL,
    since     timestamptz NOT NULL,
    until     timestamptz NOT NULL
);

-- Facts are kept of what is over before `facts_until`; what came after is summed from the spans when somebody asks.
CREATE TABLE history (
    only_row    boolean     PRIMARY KEY DEFAULT true CHECK (only_row),
    facts_until timestamptz NOT NULL DEFAULT '2000-01-01Z'
);
INSERT INTO history DEFAULT VALUES;

-- Facts that changed since the roll-ups last saw them. NULL: those of every asset.
CREATE TABLE fact_touched (
    touched_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    asset_key  integer,
    begins_at  timestamptz NOT NULL,
    ends_at    timestamptz NOT NULL
);

INSERT INTO history_due (asset_key, since, until)
SELECT asset_key, '0001-01-01Z', '9999-01-01Z' FROM asset;

-- The quarter of an hour in which a moment lies, and the local day, which has 23, 24 or 25 hours.
CREATE FUNCTION quarter_of(moment timestamptz) RETURNS timestamptz LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT date_bin(INTERVAL '15 minutes', moment, TIMESTAMPTZ '2000-01-01 00:00:00Z')
$$;
CREATE FUNCTION local_day_of(moment timestamptz) RETURNS timestamptz LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT date_trunc('day', moment, 'Europe/London')
$$;

-- Facts of assets from the beginning of one quarter of an hour each to another moment, from their spans. The last of them
-- covers as much of its quarter as there is.
CREATE FUNCTION facts_between(asset_keys integer[], begins timestamptz[], ends timestamptz[])
RETURNS SETOF fact_15m LANGUAGE sql STABLE AS $$
    SELECT
        bucket,
        asset_key,
        coalesce(sum((capacity - held) * seconds) FILTER (WHERE state IN ('free', 'occupied')), 0)::integer,
        coalesce(sum(held * seconds) FILTER (WHERE state IN ('free', 'occupied')), 0)::integer,
        (capacity * length_s - coalesce(sum(capacity * seconds) FILTER (WHERE state <> 'unknown'), 0))::integer,
        coalesce(sum(capacity * seconds) FILTER (WHERE state = 'closed'), 0)::integer,
        coalesce(sum(capacity * seconds) FILTER (WHERE quality <> 'observed'), 0)::integer,
        sum(taken * seconds)::integer,
        sum(arrivals)::integer,
        sum(departures)::integer
    FROM (
        SELECT
            quarter.bucket, w.asset_key, a.capacity, s.state, s.taken, s.quality,
            least(s.taken, a.capacity) AS held,
            extract(epoch FROM least(quarter.bucket + INTERVAL '15 minutes', w.ends_at) - quarter.bucket)::integer AS length_s,
            extract(epoch FROM least(s.ends_at, quarter.bucket + INTERVAL '15 minutes', w.ends_at)
                - greatest(s.begins_at, quarter.bucket))::integer AS seconds,
            CASE WHEN s.begins_at >= quarter.bucket THEN s.arrivals ELSE 0 END   AS arrivals,
            CASE WHEN s.begins_at >= quarter.bucket THEN s.departures ELSE 0 END AS departures
        FROM unnest(asset_keys, begins, ends) AS w (asset_key, begins_at, ends_at)
        JOIN asset AS a USING (asset_key)
        CROSS JOIN LATERAL (
            SELECT *
            FROM span
            WHERE span.asset_key = w.asset_key AND span.begins_at < w.ends_at
              AND span.begins_at >= coalesce((SELECT max(first.begins_at) FROM span AS first
                                              WHERE first.asset_key = w.asset_key AND first.begins_at <= w.begins_at),
                                             w.begins_at)
        ) AS s
        CROSS JOIN LATERAL generate_series(
            greatest(quarter_of(s.begins_at), w.begins_at),
            least(s.ends_at, w.ends_at) - INTERVAL '1 microsecond',
            INTERVAL '15 minutes') AS quarter (bucket)
    ) AS piece
    GROUP BY bucket, asset_key, capacity, length_s
$$;

CREATE FUNCTION facts_of_all(begins_at timestamptz, ends_at timestamptz) RETURNS SETOF fact_15m LANGUAGE sql STABLE AS $$
    SELECT f.*
    FROM (SELECT array_agg(asset_key) AS keys, array_agg($1) AS begins, array_agg($2) AS ends
          FROM asset WHERE $1 < $2) AS w
    CROSS JOIN LATERAL facts_between(w.keys, w.begins, w.ends) AS f
$$;

-- What is over, but not kept as facts yet: from `facts_until` to the moment that the platform vouches for.
CREATE VIEW fact_tail AS
SELECT f.*
FROM history AS h
CROSS JOIN platform AS p
CROSS JOIN LATERAL facts_of_all(h.facts_until, date_trunc('second', p.as_of)) AS f;
