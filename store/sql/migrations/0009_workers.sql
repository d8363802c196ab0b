-- What each ingest process last said of itself, so that the web server can say it to others. One row each.

CREATE TABLE ingest_worker (
    worker      text        PRIMARY KEY,   -- its MQTT client id, host and process
    said_at     timestamptz NOT NULL,
    subscribed  boolean     NOT NULL,
    canary_late boolean     NOT NULL,
    spool_fill  real        NOT NULL       -- 0..1
);
