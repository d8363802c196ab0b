-- Areas whose anchor has been since they were last worked out.
WITH night AS (
    SELECT asset_key, max(anchor) AS anchor
    FROM asset
    CROSS JOIN generate_series(0, 1) AS back
    CROSS JOIN LATERAL (
        SELECT (((%(now)s AT TIME ZONE 'Europe/London')::date - back) + anchor_at::time) AT TIME ZONE 'Europe/London' AS anchor
    ) AS one
    WHERE anchor_at IS NOT NULL AND anchor <= %(now)s
    GROUP BY asset_key
), news AS (
    INSERT INTO tally_night (area_key, anchor)
    SELECT asset_key, anchor FROM night
    ON CONFLICT (area_key) DO UPDATE SET anchor = excluded.anchor WHERE tally_night.anchor <> excluded.anchor
    RETURNING area_key, anchor
)
INSERT INTO tally_due (area_key, since)
SELECT area_key, anchor - INTERVAL '1 hour' FROM news
