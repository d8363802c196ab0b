-- Commands to devices. A row is written when somebody asks, and then only ever moves forwards (domain/commands.py).

CREATE TABLE command (
    command_id   uuid        PRIMARY KEY,   -- also the id of the item in the network server's queue
    device_key   integer     NOT NULL REFERENCES device,
    name         text        NOT NULL,
    parameters   jsonb       NOT NULL,
    f_port       smallint    NOT NULL CHECK (f_port BETWEEN 1 AND 223),
    payload      bytea       NOT NULL,
    requested_by text        NOT NULL,
    requested_at timestamptz NOT NULL,
    expires_at   timestamptz NOT NULL CHECK (expires_at > requested_at),
    state        text        NOT NULL DEFAULT 'queued'
                             CHECK (state IN ('queued', 'sent', 'txack', 'acked', 'expired', 'failed')),
    sent_at      timestamptz,
    txack_at     timestamptz,
    ended_at     timestamptz CHECK ((ended_at IS NOT NULL) = (state IN ('acked', 'expired', 'failed'))),
    detail       text        NOT NULL DEFAULT ''
);
CREATE INDEX command_device ON command (device_key, requested_at DESC);
CREATE INDEX command_waiting ON command (expires_at) WHERE state IN ('queued', 'sent', 'txack');
