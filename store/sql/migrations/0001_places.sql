-- Places, devices, and what is true of them now. Keys (integers) stay inside the database, ids (text) are public.

CREATE TABLE platform (
    only_row       boolean     PRIMARY KEY DEFAULT true CHECK (only_row),
    revision       bigint      NOT NULL DEFAULT 0,      -- one more with each change that anybody can see
    as_of          timestamptz NOT NULL DEFAULT 'epoch', -- up to here the platform vouches for asset_state
    places_version bigint      NOT NULL DEFAULT 0       -- one more with each import of places
);
INSERT INTO platform DEFAULT VALUES;

CREATE TABLE site (
    site_key  integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    site_id   text    NOT NULL UNIQUE,
    name      text    NOT NULL,
    kind      text    NOT NULL CHECK (kind IN ('car_park', 'street', 'square', 'park')),
    locality  text    NOT NULL,
    lon       double precision NOT NULL CHECK (lon BETWEEN -180 AND 180),
    lat       double precision NOT NULL CHECK (lat BETWEEN -90 AND 90),
    simulated boolean NOT NULL
);

CREATE TABLE asset (
    asset_key integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    asset_id  text    NOT NULL UNIQUE,
    site_key  integer NOT NULL REFERENCES site,
    kind      text    NOT NULL CHECK (kind IN ('bay', 'bench')),
    name      text    NOT NULL,
    category  text    CHECK (category IN ('general', 'disabled', 'ev', 'loading', 'permit', 'motorcycle', 'taxi',
                                          'car_club', 'parent')),
    lon       double precision NOT NULL CHECK (lon BETWEEN -180 AND 180),
    lat       double precision NOT NULL CHECK (lat BETWEEN -90 AND 90),
    CHECK ((kind = 'bay') = (category IS NOT NULL))
);
CREATE INDEX asset_site ON asset (site_key);

CREATE TABLE sign (
    sign_id  text    PRIMARY KEY,
    site_key integer NOT NULL REFERENCES site,
    name     text    NOT NULL,
    lon      double precision NOT NULL,
    lat      double precision NOT NULL,
    lines    jsonb   NOT NULL   -- [{key, label, site_id, category, arrow}]
);

CREATE TABLE device (
    device_key     integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    device_id      text    NOT NULL UNIQUE,
    model          text    NOT NULL,
    silent_after_s integer NOT NULL CHECK (silent_after_s > 0)
);

-- A device watches an asset for a while, so that history survives a change of battery or of device.
CREATE TABLE installation (
    device_key integer     NOT NULL REFERENCES device,
    asset_key  integer     NOT NULL REFERENCES asset,
    begins_at  timestamptz NOT NULL,
    ends_at    timestamptz CHECK (ends_at > begins_at),
    PRIMARY KEY (device_key, begins_at)
);
CREATE UNIQUE INDEX installation_open ON installation (device_key) WHERE ends_at IS NULL;
CREATE INDEX installation_asset ON installation (asset_key);

CREATE TABLE closure (
    asset_key integer     NOT NULL REFERENCES asset,
    begins_at timestamptz NOT NULL,
    ends_at   timestamptz CHECK (ends_at > begins_at),
    reason    text        NOT NULL,
    PRIMARY KEY (asset_key, begins_at)
);

-- One row for each asset from its beginning. (observed_at, f_cnt) only ever grows: a late frame changes nothing here.
CREATE TABLE asset_state (
    asset_key   integer PRIMARY KEY REFERENCES asset,
    reported    text        CHECK (reported IN ('free', 'occupied')),  -- what the sensor last said
    observed_at timestamptz,                                            -- when it said so
    f_cnt       bigint,
    silent_at   timestamptz,                                            -- until then it counts
    closed      boolean     NOT NULL DEFAULT false,
    state       text        NOT NULL DEFAULT 'unknown' CHECK (state IN ('free', 'occupied', 'unknown', 'closed')),
    since       timestamptz,
    revision    bigint      NOT NULL
);
CREATE INDEX asset_state_revision ON asset_state (revision);

-- The newest word of each device on its own condition.
CREATE TABLE device_state (
    device_key      integer PRIMARY KEY REFERENCES device,
    heard_at        timestamptz NOT NULL,
    session         text        NOT NULL,
    f_cnt           bigint      NOT NULL,
    rssi_dbm        real,
    snr_db          real,
    battery_percent real,
    battery_volts   real,
    battery_low     boolean,
    fault           boolean,
    tamper          boolean
);
