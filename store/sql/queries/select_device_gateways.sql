-- Who heard the newest frames of a device, and how well. A gateway with two antennas heard a frame once, with the better one.
SELECT
    heard.gateway_id,
    count(*)::integer                 AS frames,
    max(u.observed_at)                AS heard_at,
    (array_agg(heard.rssi_dbm ORDER BY u.observed_at DESC, u.f_cnt DESC, u.session DESC, u.payload DESC))[1] AS rssi_dbm,
    (array_agg(heard.snr_db ORDER BY u.observed_at DESC, u.f_cnt DESC, u.session DESC, u.payload DESC))[1]   AS snr_db,
    avg(heard.rssi_dbm)               AS mean_rssi_dbm,
    avg(heard.snr_db)                 AS mean_snr_db
FROM (
    SELECT observed_at, f_cnt, session, payload, gateways, signals, rssi_dbm, snr_db
    FROM journal
    WHERE device_key = (SELECT device_key FROM device WHERE device_id = %(device_id)s) AND received_at >= %(since)s
    ORDER BY received_at DESC
    LIMIT %(limit)s
) AS u
CROSS JOIN LATERAL (
    SELECT told.gateway_id, max(told.rssi_dbm) AS rssi_dbm, max(told.snr_db) AS snr_db
    FROM heard_by(u.gateways, u.signals, u.rssi_dbm, u.snr_db) AS told
    GROUP BY told.gateway_id
) AS heard
GROUP BY heard.gateway_id
ORDER BY heard_at DESC, frames DESC, heard.gateway_id
LIMIT 50
