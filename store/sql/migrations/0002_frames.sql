-- Frames that were seen, so that none is kept twice; and messages that could not become a frame, so that none is lost.

CREATE TABLE seen_frame (
    frame_key bytea       PRIMARY KEY,   -- blake2b of (device, session, f_cnt, payload); no time of receipt in it
    seen_at   timestamptz NOT NULL
);
CREATE INDEX seen_frame_age ON seen_frame USING brin (seen_at);

CREATE TABLE dead_letter (
    dead_letter_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    fingerprint    bytea       NOT NULL UNIQUE,   -- blake2b of (reason, topic, payload): the same garbage is one row
    reason         text        NOT NULL,
    detail         text        NOT NULL,
    topic          text        NOT NULL,
    device_id      text,
    payload        bytea       NOT NULL,
    first_at       timestamptz NOT NULL,
    last_at        timestamptz NOT NULL,
    times          bigint      NOT NULL DEFAULT 1
);
