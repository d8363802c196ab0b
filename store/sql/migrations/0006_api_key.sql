-- Keys of programs. Of the secret, 256 random bits, only the SHA-256 is kept.

CREATE TABLE api_key (
    key_id       text        PRIMARY KEY,
    secret_hash  bytea       NOT NULL CHECK (octet_length(secret_hash) = 32),
    scopes       text[]      NOT NULL CHECK (cardinality(scopes) > 0),
    label        text        NOT NULL CHECK (label <> ''),
    created_at   timestamptz NOT NULL,
    expires_at   timestamptz NOT NULL CHECK (expires_at > created_at),
    last_used_at timestamptz,
    revoked_at   timestamptz
);
