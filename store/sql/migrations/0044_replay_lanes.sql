-- What a replay finds out first, for each of its connections. One replay runs at a time; what a dead one left is emptied.

-- Moments of a device that more than one frame of the journal tells of.
CREATE UNLOGGED TABLE replay_shared (
    device_key  integer     NOT NULL,
    observed_at timestamptz NOT NULL
);
CREATE INDEX replay_shared_moment ON replay_shared (device_key, observed_at);

-- Frames that came late, or at one moment with others.
CREATE UNLOGGED TABLE replay_late (
    received_at   timestamptz NOT NULL,
    device_key    integer     NOT NULL,
    session       text        NOT NULL,
    f_cnt         bigint      NOT NULL,
    f_port        smallint    NOT NULL,
    payload       bytea       NOT NULL,
    observed_at   timestamptz NOT NULL,
    kind          text        NOT NULL,
    codec         text        NOT NULL,
    codec_version smallint    NOT NULL
);
CREATE INDEX replay_late_time ON replay_late (observed_at);
