-- The journal and what was derived from it. No foreign keys: on hypertables, concurrent first inserts into a new chunk
-- would deadlock.

CREATE TABLE uplink (
    received_at   timestamptz NOT NULL,
    device_key    integer     NOT NULL,
    network       text        NOT NULL,
    session       text        NOT NULL,
    f_cnt         bigint      NOT NULL,
    f_port        smallint    NOT NULL,
    payload       bytea       NOT NULL,
    observed_at   timestamptz NOT NULL,
    time_source   text        NOT NULL,
    rssi_dbm      real,
    snr_db        real,
    gateway_count smallint    NOT NULL,
    codec         text        NOT NULL,
    codec_version smallint    NOT NULL,
    kind          text        NOT NULL
);
CREATE INDEX uplink_device ON uplink (device_key, received_at DESC);
CREATE INDEX uplink_time ON uplink USING brin (received_at);

CREATE TABLE measurement (
    observed_at timestamptz      NOT NULL,
    device_key  integer          NOT NULL,
    key         text             NOT NULL,
    value       double precision NOT NULL CHECK (value BETWEEN '-1e308' AND '1e308')  -- neither NaN nor infinite
);
CREATE INDEX measurement_device ON measurement (device_key, key, observed_at DESC);
CREATE INDEX measurement_time ON measurement USING brin (observed_at);

CREATE TABLE event (
    observed_at timestamptz NOT NULL,
    asset_key   integer     NOT NULL,
    device_key  integer     NOT NULL,
    f_cnt       bigint      NOT NULL,
    kind        text        NOT NULL,
    state       text        NOT NULL CHECK (state IN ('free', 'occupied'))
);
CREATE INDEX event_asset ON event (asset_key, observed_at DESC);
CREATE INDEX event_time ON event USING brin (observed_at);
