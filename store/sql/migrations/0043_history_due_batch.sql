-- What a batch of frames makes due, as one row: thousands of rows that are taken away some seconds later cost more than to
-- write and to read their arrays. The historian spreads them over `history_due`, where those of an asset become one.
CREATE TABLE history_due_batch (
    due_keys integer[]     NOT NULL,
    since    timestamptz[] NOT NULL,
    until    timestamptz[] NOT NULL,
    noted_at timestamptz   NOT NULL DEFAULT now()
);
-- They live for seconds, and are not worth being compressed.
ALTER TABLE history_due_batch
    ALTER COLUMN due_keys SET STORAGE EXTERNAL,
    ALTER COLUMN since SET STORAGE EXTERNAL,
    ALTER COLUMN until SET STORAGE EXTERNAL;

-- All that waits to be told anew.
CREATE VIEW history_waiting AS
SELECT asset_key, since, until, facts, noted_at FROM history_due
UNION ALL
SELECT due.asset_key, due.since, due.until, false, b.noted_at
FROM history_due_batch AS b CROSS JOIN unnest(b.due_keys, b.since, b.until) AS due (asset_key, since, until);
