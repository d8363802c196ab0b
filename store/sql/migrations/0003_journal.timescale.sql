-- The journal and what was derived from it, as hypertables. Twin of 0003_journal.plain.sql.
-- No foreign keys: concurrent first inserts into a new chunk would deadlock.

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
SELECT create_hypertable('uplink', by_range('received_at', INTERVAL '1 day'), create_default_indexes => false);
CREATE INDEX uplink_device ON uplink (device_key, received_at DESC);
CREATE INDEX uplink_time ON uplink USING brin (received_at);
ALTER TABLE uplink SET (timescaledb.compress, timescaledb.compress_segmentby = 'device_key',
                        timescaledb.compress_orderby = 'received_at');
-- The journal only grows at its end, so that it can be compressed early.
SELECT add_compression_policy('uplink', compress_after => INTERVAL '2 days');

CREATE TABLE measurement (
    observed_at timestamptz      NOT NULL,
    device_key  integer          NOT NULL,
    key         text             NOT NULL,
    value       double precision NOT NULL CHECK (value BETWEEN '-1e308' AND '1e308')  -- neither NaN nor infinite
);
SELECT create_hypertable('measurement', by_range('observed_at', INTERVAL '1 day'), create_default_indexes => false);
CREATE INDEX measurement_device ON measurement (device_key, key, observed_at DESC);
CREATE INDEX measurement_time ON measurement USING brin (observed_at);
ALTER TABLE measurement SET (timescaledb.compress, timescaledb.compress_segmentby = 'device_key, key',
                             timescaledb.compress_orderby = 'observed_at');
-- Late frames write here: compress only what is older than the lateness that we accept as usual.
SELECT add_compression_policy('measurement', compress_after => INTERVAL '15 days');

CREATE TABLE event (
    observed_at timestamptz NOT NULL,
    asset_key   integer     NOT NULL,
    device_key  integer     NOT NULL,
    f_cnt       bigint      NOT NULL,
    kind        text        NOT NULL,
    state       text        NOT NULL CHECK (state IN ('free', 'occupied'))
);
SELECT create_hypertable('event', by_range('observed_at', INTERVAL '1 day'), create_default_indexes => false);
CREATE INDEX event_asset ON event (asset_key, observed_at DESC);
CREATE INDEX event_time ON event USING brin (observed_at);
ALTER TABLE event SET (timescaledb.compress, timescaledb.compress_segmentby = 'asset_key',
                       timescaledb.compress_orderby = 'observed_at');
SELECT add_compression_policy('event', compress_after => INTERVAL '15 days');
