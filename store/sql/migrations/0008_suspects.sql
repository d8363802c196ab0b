-- Messages that were handed over again, noted before they are read: whoever dies of one leaves it here. Only while it is
-- being read, so nothing is lost when the server forgets the table.

CREATE UNLOGGED TABLE suspect_message (
    message_key bytea PRIMARY KEY CHECK (octet_length(message_key) = 16),
    times       integer NOT NULL,
    noted_at    timestamptz NOT NULL
);
