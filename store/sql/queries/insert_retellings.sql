-- Devices that were heard and whose threshold is another one now, for a time that has begun.
WITH recalibrated AS (
    SELECT coalesce(after, before) ->> 'device' AS device_id
    FROM register_change
    WHERE record = 'installation'
      AND before ->> 'distance_threshold_mm' IS DISTINCT FROM after ->> 'distance_threshold_mm'
      AND (coalesce(after, before) ->> 'begins_at')::timestamptz < %(at)s
), asked AS (
    INSERT INTO retelling (device_key, asked_at)
    SELECT DISTINCT d.device_key, clock_timestamp()
    FROM recalibrated AS r
    JOIN device AS d USING (device_id)
    WHERE EXISTS (SELECT FROM uplink AS u WHERE u.device_key = d.device_key)
    ON CONFLICT (device_key) DO UPDATE SET asked_at = excluded.asked_at
    RETURNING device_key
)
SELECT device_id FROM asked JOIN device USING (device_key) ORDER BY device_id
