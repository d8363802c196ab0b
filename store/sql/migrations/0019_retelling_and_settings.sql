-- Devices whose threshold was changed for a time that has begun: their history is told anew, by ingest, and then the row goes.

CREATE TABLE retelling (
    device_key integer     PRIMARY KEY REFERENCES device ON DELETE CASCADE,
    asked_at   timestamptz NOT NULL
);

-- Frames in which devices begin, or tell how they are set: few, and asked for one device at a time.
CREATE INDEX uplink_telling ON uplink (device_key, received_at DESC) WHERE kind IN ('config', 'startup');
