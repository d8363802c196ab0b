SELECT alarm_id, code, subject_kind, subject_id, severity, detail, within, raised_at, last_at, times, ended_at,
       acknowledged_by, acknowledged_at
FROM alarm
WHERE ended_at IS NOT NULL
ORDER BY ended_at DESC, alarm_id DESC
LIMIT %(limit)s
