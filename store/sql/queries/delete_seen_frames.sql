-- Frames older than any redelivery need not be remembered.
DELETE FROM seen_frame WHERE seen_at < %(before)s
