SELECT alarm_id, code, subject_kind, subject_id, severity, detail, within, raised_at, last_at, times, ended_at,
       acknowledged_by, acknowledged_at
FROM alarm
WHERE ended_at IS NULL
ORDER BY severity = 'critical' DESC, raised_at DESC, alarm_id DESC
