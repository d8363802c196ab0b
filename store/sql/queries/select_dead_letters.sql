SELECT dead_letter_id, reason, detail, topic, device_id, payload, first_at, last_at, times
FROM dead_letter
WHERE %(before_id)s::bigint IS NULL OR dead_letter_id < %(before_id)s
ORDER BY dead_letter_id DESC
LIMIT %(limit)s
