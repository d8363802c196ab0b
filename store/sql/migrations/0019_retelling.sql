-- Devices whose threshold was changed for a time that has begun: their history is told anew, by ingest, and then the row goes.

CREATE TABLE retelling (
    device_key integer     PRIMARY KEY REFERENCES device ON DELETE CASCADE,
    asked_at   timestamptz NOT NULL
);
