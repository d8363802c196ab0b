-- A counter that began anew within its session repeats counters that were heard before: the bits of `session_block` cannot
-- tell. Loss is then counted from the newest reset on, in the journal; such devices are few.
SELECT
    d.device_id, d.model, a.asset_id, a.kind AS asset_kind, a.name AS asset_name, s.site_id, s.name AS site_name,
    t.state, c.heard_at, c.heard_at + make_interval(secs => d.silent_after_s) AS silent_at,
    c.battery_percent, c.battery_volts, coalesce(c.battery_low, false) AS battery_low,
    coalesce(c.fault, false) AS fault, coalesce(c.tamper, false) AS tamper, c.rssi_dbm, c.snr_db,
    coalesce(h.frames, 0)::integer AS frames_24h,
    CASE WHEN e.last_at IS NULL
        THEN coalesce(n.last_f_cnt::numeric - n.first_f_cnt + 1, 0) ELSE r.expected END AS frames_expected,
    CASE WHEN e.last_at IS NULL THEN coalesce(n.frames, 0) ELSE r.heard END AS frames_heard,
    i.distance_threshold_mm
FROM device AS d
LEFT JOIN device_state AS c USING (device_key)
LEFT JOIN device_session AS n ON n.device_key = c.device_key AND n.session = c.session
LEFT JOIN security_event AS e
    ON e.device_id = d.device_id AND e.session = c.session AND e.code = %(counter_reset)s
LEFT JOIN LATERAL (
    SELECT
        coalesce(max(u.f_cnt)::numeric - min(u.f_cnt) + 1, 0) AS expected,
        count(DISTINCT u.f_cnt) AS heard
    FROM journal AS u
    WHERE u.device_key = d.device_key AND u.session = c.session
      AND u.received_at >= e.last_at AND u.observed_at >= e.last_at
) AS r ON e.last_at IS NOT NULL
LEFT JOIN installation AS i ON i.device_key = d.device_key AND i.ends_at IS NULL
LEFT JOIN asset AS a USING (asset_key)
LEFT JOIN site AS s USING (site_key)
LEFT JOIN asset_state AS t USING (asset_key)
LEFT JOIN (
    SELECT device_key, sum(frames) AS frames FROM device_hour
    WHERE hour > %(now)s - INTERVAL '24 hours' GROUP BY device_key
) AS h ON h.device_key = d.device_key
WHERE %(device_id)s::text IS NULL OR d.device_id = %(device_id)s
ORDER BY d.device_id
