-- What batches of frames made due, asset by asset, once the first of them waited long enough: one note of each day that
-- it begins in.
WITH gone AS (
    DELETE FROM history_due_batch
    WHERE (SELECT min(noted_at) FROM history_due_batch) <= now() - %(waited)s
    RETURNING *
)
INSERT INTO history_due (asset_key, since, until, noted_at)
SELECT due.asset_key, min(due.since), max(due.until), min(gone.noted_at)
FROM gone CROSS JOIN unnest(gone.due_keys, gone.since, gone.until) AS due (asset_key, since, until)
GROUP BY due.asset_key, date_trunc('day', due.since, 'UTC')
