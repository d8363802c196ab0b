SELECT sign_id, received_at, interval_s, frame_id, shown_since, rendered_hash, uptime_s, screen_on, battery_percent,
       battery_volts, rssi_dbm, player, refused, refused_at, agreement, served_frame_id, differs_since
FROM sign_report
ORDER BY sign_id
