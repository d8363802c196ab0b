-- What makes the derived tables a function of the journal alone, whatever the order in which its frames came; which
-- counters of each device were heard; and what looks as if somebody had tampered with a radio link.

UPDATE platform SET as_of = DEFAULT WHERE revision = 0;

-- When the run of equal words began that the newest one continues. `since` is what people see: see shown_state.
ALTER TABLE asset_state ADD COLUMN reported_since timestamptz;

-- When each value was said: a late frame may bring a newer value than the one that we have.
ALTER TABLE device_state
    ADD COLUMN battery_percent_at timestamptz,
    ADD COLUMN battery_volts_at   timestamptz,
    ADD COLUMN battery_low_at     timestamptz,
    ADD COLUMN fault_at           timestamptz,
    ADD COLUMN tamper_at          timestamptz;
UPDATE device_state
SET battery_percent_at = CASE WHEN battery_percent IS NOT NULL THEN heard_at END,
    battery_volts_at = CASE WHEN battery_volts IS NOT NULL THEN heard_at END,
    battery_low_at = CASE WHEN battery_low IS NOT NULL THEN heard_at END,
    fault_at = CASE WHEN fault IS NOT NULL THEN heard_at END,
    tamper_at = CASE WHEN tamper IS NOT NULL THEN heard_at END;

-- The beginning of the run of equal words that ends with the newest word of an asset. A word that comes after the one
-- before it has ceased to count begins a new run. Walks back from the newest event and stops at the run's beginning.
CREATE FUNCTION run_since(of_asset integer) RETURNS timestamptz LANGUAGE sql STABLE AS $$
    SELECT observed_at
    FROM (
        SELECT
            e.observed_at,
            lead(e.state) OVER back IS DISTINCT FROM e.state
                OR e.observed_at >= lead(e.observed_at + make_interval(secs => d.silent_after_s)) OVER back AS begins
        FROM event AS e
        JOIN device AS d USING (device_key)
        WHERE e.asset_key = of_asset
        WINDOW back AS (ORDER BY e.observed_at DESC, e.f_cnt DESC, e.state DESC, d.silent_after_s DESC)
    ) AS run
    WHERE begins
    ORDER BY observed_at DESC
    LIMIT 1
$$;
UPDATE asset_state SET reported_since = run_since(asset_key) WHERE reported IS NOT NULL;

-- What people see of an asset at a moment, and since when: nothing but its newest word, its closures and the moment.
CREATE FUNCTION shown_state(
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
            min(begins_at) FILTER (WHERE ends_at IS NULL OR ends_at > as_of) AS closed_at,
            max(ends_at) FILTER (WHERE ends_at <= as_of)                     AS reopened_at
        FROM closure
        WHERE asset_key = of_asset AND begins_at <= as_of
    ) AS c
$$;

-- Which counters were heard, as one bit each: 1,024 counters a row. A set has no order and no duplicates, so nothing
-- that is late, shuffled or delivered twice can spoil a count.
CREATE TABLE session_block (
    device_key  integer     NOT NULL,
    session     text        NOT NULL,
    block       bigint      NOT NULL,   -- f_cnt / 1024
    heard       bit(1024)   NOT NULL,   -- the bit of f_cnt % 1024
    first_f_cnt bigint      NOT NULL,
    last_f_cnt  bigint      NOT NULL,
    first_at    timestamptz NOT NULL,   -- event times
    last_at     timestamptz NOT NULL,
    PRIMARY KEY (device_key, session, block)
) WITH (fillfactor = 70);

-- Missing frames of a session: last_f_cnt - first_f_cnt + 1 - frames.
CREATE VIEW device_session AS
SELECT
    device_key,
    session,
    min(first_f_cnt)               AS first_f_cnt,
    max(last_f_cnt)                AS last_f_cnt,
    sum(bit_count(heard))::bigint  AS frames,
    min(first_at)                  AS first_at,
    max(last_at)                   AS last_at
FROM session_block
GROUP BY device_key, session;

INSERT INTO session_block
SELECT device_key, session, f_cnt / 1024, bit_or(set_bit(0::bit(1024), (f_cnt % 1024)::integer, 1)),
       min(f_cnt), max(f_cnt), min(observed_at), max(observed_at)
FROM uplink
GROUP BY device_key, session, f_cnt / 1024;

-- One row for each thing that happened to a device in a session; repetitions are counted.
CREATE TABLE security_event (
    security_event_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    code              text        NOT NULL,
    device_id         text        NOT NULL,   -- as the network says, in the register or not
    session           text        NOT NULL,
    detail            text        NOT NULL,   -- of the newest
    first_at          timestamptz NOT NULL,
    last_at           timestamptz NOT NULL,
    times             bigint      NOT NULL,
    UNIQUE (device_id, code, session)
);
