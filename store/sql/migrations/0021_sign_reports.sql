-- What screens say of themselves, and what people want signs to say. Signs are named by their ids: what a sign said outlives it.

CREATE TABLE sign_report (
    sign_id         text        PRIMARY KEY,
    received_at     timestamptz NOT NULL,
    interval_s      integer     NOT NULL CHECK (interval_s > 0),   -- how often this player reports
    frame_id        text,                                          -- NULL: the board is blank
    shown_since     timestamptz,
    rendered_hash   text,
    uptime_s        bigint,
    screen_on       boolean,
    battery_percent real,
    battery_volts   real,
    rssi_dbm        real,
    player          text        NOT NULL,
    refused         jsonb       NOT NULL,                          -- {reason: times since the player began}
    refused_at      timestamptz,                                   -- when these last grew
    agreement       text        NOT NULL CHECK (agreement IN ('same', 'different', 'not_known')),
    served_frame_id text        NOT NULL,
    differs_since   timestamptz
);

-- What a frame says, once for each, so that a play can be read years later.
CREATE TABLE sign_frame (
    sign_id  text        NOT NULL,
    frame_id text        NOT NULL,
    first_at timestamptz NOT NULL,
    content  jsonb       NOT NULL,
    PRIMARY KEY (sign_id, frame_id)
);

-- Proof of play. Begins at the same moment twice only where it is the same.
CREATE TABLE sign_play (
    begins_at timestamptz NOT NULL,
    ends_at   timestamptz NOT NULL CHECK (ends_at > begins_at AND ends_at <= begins_at + INTERVAL '1 hour'),
    sign_id   text        NOT NULL,
    frame_id  text,                                                -- NULL: the board was blank
    PRIMARY KEY (sign_id, begins_at)
);
CREATE TABLE sign_play_batch (
    sign_id     text        NOT NULL,
    batch_key   text        NOT NULL,
    digest      bytea       NOT NULL,
    received_at timestamptz NOT NULL,
    PRIMARY KEY (sign_id, batch_key)
);
CREATE INDEX sign_play_batch_received ON sign_play_batch (received_at);
