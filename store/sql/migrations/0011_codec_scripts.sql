-- JavaScript codecs, every version for ever. The newest activation of a model says which version reads its frames.

CREATE TABLE codec_script (
    model       text        NOT NULL,
    version     smallint    NOT NULL CHECK (version > 0),
    vendor      text        NOT NULL,
    name        text        NOT NULL,
    senses      text        NOT NULL CHECK (senses IN ('bay', 'bench')),
    heartbeat_s integer     NOT NULL CHECK (heartbeat_s > 0),
    source      text        NOT NULL,
    mapping     json        NOT NULL,   -- as written; see devices/mapping.py
    examples    json        NOT NULL,
    is_module   boolean     NOT NULL,
    is_fresh    boolean     NOT NULL,
    digest      bytea       NOT NULL CHECK (octet_length(digest) = 32),   -- SHA-256 of everything above but the number
    engine      text        NOT NULL,
    created_at  timestamptz NOT NULL,
    created_by  text        NOT NULL,
    PRIMARY KEY (model, version),
    UNIQUE (model, digest)
);

CREATE TABLE codec_activation (
    activation_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    model         text        NOT NULL,
    version       smallint    NOT NULL,
    activated_at  timestamptz NOT NULL,
    activated_by  text        NOT NULL,
    FOREIGN KEY (model, version) REFERENCES codec_script
);
CREATE INDEX codec_activation_model ON codec_activation (model, activation_id DESC);
