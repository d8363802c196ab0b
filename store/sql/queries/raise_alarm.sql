-- `again` is 1 where each time counts, 0 where somebody looks regularly and finds it as it was.
INSERT INTO alarm AS known (code, subject_kind, subject_id, severity, detail, within, raised_at, last_at)
VALUES (%(code)s, %(subject_kind)s, %(subject_id)s, %(severity)s, %(detail)s, %(within)s, %(at)s, %(at)s)
ON CONFLICT (code, subject_kind, subject_id) WHERE ended_at IS NULL DO UPDATE
SET times = known.times + %(again)s,
    last_at = greatest(known.last_at, excluded.last_at),
    detail = CASE WHEN excluded.last_at >= known.last_at THEN excluded.detail ELSE known.detail END,
    severity = CASE WHEN excluded.last_at >= known.last_at THEN excluded.severity ELSE known.severity END,
    within = CASE WHEN excluded.last_at >= known.last_at THEN excluded.within ELSE known.within END
