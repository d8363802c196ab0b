-- What may become a frame when a device is registered or a codec mended, for these reasons. Frames of the journal are
-- read there.
SELECT dead_letter_id, topic, payload, first_at
FROM dead_letter
WHERE reason = ANY (%(reasons)s) AND topic NOT LIKE 'journal/%%'
  AND dead_letter_id > %(after_id)s
  AND (%(begins)s::timestamptz IS NULL OR first_at >= %(begins)s)
  AND (%(ends)s::timestamptz IS NULL OR first_at < %(ends)s)
  AND (%(device_id)s::text IS NULL OR device_id = %(device_id)s)
ORDER BY dead_letter_id
LIMIT %(rows)s
