-- Everything that a batch changes of the present, as one revision. Both changes wait for `platform`, whose row lock is
-- held until commit: whoever has seen revision N has seen everything up to N, and two workers cannot deadlock.
WITH platform AS (
    UPDATE platform SET revision = revision + 1, as_of = greatest(as_of, %(as_of)s::timestamptz) RETURNING revision
), states AS (
    -- An older word than the one we have changes nothing; a word that is too old to count leaves the asset unknown.
    UPDATE asset_state AS now
    SET reported = newest.state,
        observed_at = newest.observed_at,
        f_cnt = newest.f_cnt,
        silent_at = newest.silent_at,
        state = next.state,
        since = CASE WHEN next.state IS DISTINCT FROM now.state THEN newest.since ELSE now.since END,
        revision = platform.revision
    FROM platform, unnest(%(asset_keys)b::int4[], %(states)b::text[], %(since)b::timestamptz[],
                          %(observed)b::timestamptz[], %(f_cnts)b::int8[], %(silent)b::timestamptz[])
                       AS newest (asset_key, state, since, observed_at, f_cnt, silent_at)
    JOIN asset_state AS old USING (asset_key)
    CROSS JOIN LATERAL (
        SELECT CASE WHEN old.closed THEN 'closed' WHEN newest.silent_at <= %(now)s THEN 'unknown' ELSE newest.state END
            AS state
    ) AS next
    WHERE now.asset_key = newest.asset_key
      AND (now.observed_at IS NULL OR (newest.observed_at, newest.f_cnt) > (now.observed_at, now.f_cnt))
), conditions AS (
    -- What devices last said of themselves; a value that was not said this time stays.
    INSERT INTO device_state AS now (device_key, heard_at, session, f_cnt, rssi_dbm, snr_db, battery_percent,
                                     battery_volts, battery_low, fault, tamper)
    SELECT said.* FROM platform, unnest(%(device_keys)b::int4[], %(heard)b::timestamptz[], %(sessions)b::text[],
        %(device_f_cnts)b::int8[], %(rssi)b::float4[], %(snr)b::float4[], %(battery_percent)b::float4[],
        %(battery_volts)b::float4[], %(battery_low)b::bool[], %(fault)b::bool[], %(tamper)b::bool[]) AS said
    ON CONFLICT (device_key) DO UPDATE
    SET heard_at = excluded.heard_at,
        session = excluded.session,
        f_cnt = excluded.f_cnt,
        rssi_dbm = coalesce(excluded.rssi_dbm, now.rssi_dbm),
        snr_db = coalesce(excluded.snr_db, now.snr_db),
        battery_percent = coalesce(excluded.battery_percent, now.battery_percent),
        battery_volts = coalesce(excluded.battery_volts, now.battery_volts),
        battery_low = coalesce(excluded.battery_low, now.battery_low),
        fault = coalesce(excluded.fault, now.fault),
        tamper = coalesce(excluded.tamper, now.tamper)
    WHERE (excluded.heard_at, excluded.f_cnt) >= (now.heard_at, now.f_cnt)
)
SELECT revision, pg_notify('smartplace_revision', revision::text) FROM platform
