SELECT raised_at, coalesce(ended_at, %(end)s) AS ended_at FROM alarm
WHERE code = %(code)s AND subject_kind = %(subject_kind)s AND subject_id = %(subject_id)s
  AND raised_at < %(end)s AND coalesce(ended_at, %(end)s) > %(begin)s
