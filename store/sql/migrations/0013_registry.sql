-- Zones, what a sensor was told at its installation, periods that never overlap, and who changed what.

CREATE TABLE zone (
    zone_key integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    zone_id  text    NOT NULL UNIQUE,
    site_key integer NOT NULL REFERENCES site,
    name     text    NOT NULL,
    UNIQUE (zone_key, site_key)
);

-- Of its own site. Checked at commit, so that a zone and its assets may move together.
ALTER TABLE asset
    ADD COLUMN zone_key integer,
    ADD CONSTRAINT asset_zone FOREIGN KEY (zone_key, site_key) REFERENCES zone (zone_key, site_key)
        DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE installation
    ADD COLUMN distance_threshold_mm integer CHECK (distance_threshold_mm BETWEEN 1 AND 20000),
    ADD COLUMN debounce_s            integer CHECK (debounce_s BETWEEN 0 AND 86400);

-- Until now a second device could be put at an asset without the first one leaving it. Of two that begin together the one
-- that was registered later begins with its first word there; then whoever was there leaves when the next one comes.
UPDATE installation AS i
SET begins_at = coalesce((SELECT min(observed_at) FROM event AS e
                          WHERE e.asset_key = i.asset_key AND e.device_key = i.device_key), now())
                + make_interval(secs => i.device_key * 1e-6)
WHERE EXISTS (SELECT FROM installation AS other
              WHERE other.asset_key = i.asset_key AND other.begins_at = i.begins_at AND other.device_key < i.device_key
                AND coalesce(i.ends_at, 'infinity') > now());
UPDATE installation AS i
SET ends_at = n.next_at
FROM (SELECT device_key, begins_at, lead(begins_at) OVER (PARTITION BY asset_key ORDER BY begins_at) AS next_at
      FROM installation) AS n
WHERE n.device_key = i.device_key AND n.begins_at = i.begins_at AND n.next_at < coalesce(i.ends_at, 'infinity');

-- A key as a range of one number: integers alone have no GiST operators without an extension.
ALTER TABLE installation
    ADD CONSTRAINT installation_one_asset EXCLUDE USING gist
        (int4range(device_key, device_key, '[]') WITH &&, tstzrange(begins_at, ends_at) WITH &&),
    ADD CONSTRAINT installation_one_device EXCLUDE USING gist
        (int4range(asset_key, asset_key, '[]') WITH &&, tstzrange(begins_at, ends_at) WITH &&);

-- What belongs together and is undone together.
CREATE TABLE change_set (
    change_set_id integer     GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    made_at       timestamptz NOT NULL,
    actor         text        NOT NULL,
    what          text        NOT NULL,
    undoes        integer     UNIQUE REFERENCES change_set
);

-- One row for each record that changed. NULL before: it was new; NULL after: it was taken out.
CREATE TABLE audit (
    audit_id      bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    change_set_id integer     NOT NULL REFERENCES change_set,
    made_at       timestamptz NOT NULL,
    actor         text        NOT NULL,
    record        text        NOT NULL,
    record_id     text        NOT NULL,
    before        jsonb,
    after         jsonb,
    CHECK (before IS DISTINCT FROM after)
);
CREATE INDEX audit_change_set ON audit (change_set_id);
CREATE INDEX audit_record ON audit (record, record_id);

CREATE FUNCTION refuse_to_forget() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is only ever added to', TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation';
END
$$;
CREATE TRIGGER audit_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_forget();
CREATE TRIGGER change_set_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON change_set
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_forget();
