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

-- What people want signs to say. Nothing of it ever changes but its end: see domain/announcements.py.
CREATE TABLE message (
    message_id     uuid        PRIMARY KEY,
    kind           text        NOT NULL CHECK (kind IN ('planned', 'emergency', 'alternative')),
    text           text        NOT NULL CHECK (text <> ''),
    texts          jsonb       NOT NULL,       -- {language: text}
    template       text,
    everywhere     boolean     NOT NULL,
    site_ids       text[]      NOT NULL,
    sign_ids       text[]      NOT NULL,
    begins_at      timestamptz NOT NULL,
    ends_at        timestamptz NOT NULL CHECK (ends_at > begins_at),
    replaces_lines boolean     NOT NULL,
    conditions     jsonb       NOT NULL,       -- [{site_id, category, states}]
    needs_second   boolean     NOT NULL,
    made_by        text        NOT NULL,
    made_at        timestamptz NOT NULL,
    approved_by    text        CHECK (approved_by <> made_by),
    approved_at    timestamptz,
    withdrawn_by   text,
    withdrawn_at   timestamptz,
    CHECK ((approved_by IS NULL) = (approved_at IS NULL)),
    CHECK ((withdrawn_by IS NULL) = (withdrawn_at IS NULL))
);
CREATE INDEX message_ends ON message (ends_at DESC);

ALTER TABLE platform ADD COLUMN messages_version bigint NOT NULL DEFAULT 0;   -- one more with each change of messages
