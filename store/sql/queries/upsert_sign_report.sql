INSERT INTO sign_report AS known (sign_id, received_at, interval_s, frame_id, shown_since, rendered_hash, uptime_s, screen_on,
    battery_percent, battery_volts, rssi_dbm, player, refused, refused_at, agreement, served_frame_id, differs_since)
VALUES (%(sign_id)s, %(received_at)s, %(interval_s)s, %(frame_id)s, %(shown_since)s, %(rendered_hash)s, %(uptime_s)s,
    %(screen_on)s, %(battery_percent)s, %(battery_volts)s, %(rssi_dbm)s, %(player)s, %(refused)s,
    CASE WHEN %(refused_total)s > 0 THEN %(received_at)s::timestamptz END, %(agreement)s, %(served_frame_id)s,
    CASE WHEN %(agreement)s = 'different' THEN %(received_at)s::timestamptz END)
ON CONFLICT (sign_id) DO UPDATE
SET received_at = excluded.received_at, interval_s = excluded.interval_s, frame_id = excluded.frame_id,
    shown_since = excluded.shown_since, rendered_hash = excluded.rendered_hash, uptime_s = excluded.uptime_s,
    screen_on = excluded.screen_on, battery_percent = excluded.battery_percent, battery_volts = excluded.battery_volts,
    rssi_dbm = excluded.rssi_dbm, player = excluded.player, refused = excluded.refused,
    -- A player that began anew counts from nothing: that is no growth.
    refused_at = CASE
        WHEN %(refused_total)s > (SELECT coalesce(sum(value::bigint), 0) FROM jsonb_each_text(known.refused))
        THEN excluded.received_at ELSE known.refused_at END,
    agreement = excluded.agreement, served_frame_id = excluded.served_frame_id,
    differs_since = CASE excluded.agreement
        WHEN 'same' THEN NULL
        WHEN 'different' THEN coalesce(known.differs_since, excluded.received_at)
        ELSE known.differs_since END
WHERE known.received_at <= excluded.received_at
