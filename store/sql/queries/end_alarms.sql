UPDATE alarm
SET ended_at = greatest(last_at, %(at)s::timestamptz)
WHERE ended_at IS NULL AND code = %(code)s AND subject_kind || ':' || subject_id = ANY (%(subjects)s)
