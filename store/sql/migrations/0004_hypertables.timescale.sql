-- Chunks of a day, compressed when they are settled. Plain PostgreSQL has no such step.

SELECT create_hypertable('uplink', by_range('received_at', INTERVAL '1 day'), create_default_indexes => false);
ALTER TABLE uplink SET (timescaledb.compress, timescaledb.compress_segmentby = 'device_key',
                        timescaledb.compress_orderby = 'received_at');
-- The journal only grows at its end, so that it can be compressed early.
SELECT add_compression_policy('uplink', compress_after => INTERVAL '2 days');

-- Late frames write into these two: compress only what is older than the lateness that we accept as usual.
SELECT create_hypertable('measurement', by_range('observed_at', INTERVAL '1 day'), create_default_indexes => false);
ALTER TABLE measurement SET (timescaledb.compress, timescaledb.compress_segmentby = 'device_key, key',
                             timescaledb.compress_orderby = 'observed_at');
SELECT add_compression_policy('measurement', compress_after => INTERVAL '15 days');

SELECT create_hypertable('event', by_range('observed_at', INTERVAL '1 day'), create_default_indexes => false);
ALTER TABLE event SET (timescaledb.compress, timescaledb.compress_segmentby = 'asset_key',
                       timescaledb.compress_orderby = 'observed_at');
SELECT add_compression_policy('event', compress_after => INTERVAL '15 days');
