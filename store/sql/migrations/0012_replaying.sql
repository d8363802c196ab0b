-- While the journal is read anew, frames still come. One of the very moment of an older frame changes what that moment
-- means: ingest notes the moments of its frames here for as long as a replay says that it runs.

ALTER TABLE platform ADD COLUMN replaying_until timestamptz;

CREATE TABLE replay_newcomer (
    device_key  integer     NOT NULL,
    observed_at timestamptz NOT NULL
);
