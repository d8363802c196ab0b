-- Chunks of a week, compressed when nothing is accepted for them any more. Plain PostgreSQL has no such step.

SELECT create_hypertable('sign_play', by_range('begins_at', INTERVAL '7 days'), create_default_indexes => false);
ALTER TABLE sign_play SET (timescaledb.compress, timescaledb.compress_segmentby = 'sign_id',
                           timescaledb.compress_orderby = 'begins_at');
SELECT add_compression_policy('sign_play', compress_after => INTERVAL '40 days');
