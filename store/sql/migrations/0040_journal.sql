-- The journal says nothing twice (docs/adr/0016-gateways-and-times-in-the-journal.md). What is there stays as it is, so that
-- compressed chunks are left alone: old rows and new ones are read through the view `journal`.

ALTER TABLE uplink
    ALTER COLUMN observed_at DROP NOT NULL,     -- NULL: `lag_ms` before `received_at`
    ALTER COLUMN gateway_count DROP NOT NULL;   -- NULL: as many as `gateways` names
-- `gateways`: the names of those that heard it, one a line, the one of `rssi_dbm` and `snr_db` first, the others sorted;
-- `signals`: two bytes for each of those others, as `heard_by` reads them. Or, in `gateways` alone, a JSON text as in 0018.
ALTER TABLE uplink
    ADD COLUMN lag_ms  integer,
    ADD COLUMN signals bytea;

CREATE VIEW journal AS
SELECT received_at, device_key, network, session, f_cnt, f_port, payload,
       coalesce(observed_at, received_at - lag_ms * INTERVAL '1 millisecond') AS observed_at,
       time_source, rssi_dbm, snr_db,
       coalesce(gateway_count, cardinality(string_to_array(gateways, E'\n')))::smallint AS gateway_count,
       codec, codec_version, kind, gateways, signals
FROM uplink;

-- Who heard a frame, and how well, of a row of the journal: old or new. A gateway with two antennas is there twice. Of the
-- two bytes, 255 is not known; others are RSSI without its sign, and six values for each dB of SNR from -25 on: quarters, and
-- what becomes of them in tenths.
CREATE FUNCTION heard_by(gateways text, signals bytea, best_rssi_dbm real, best_snr_db real)
RETURNS TABLE (gateway_id text, rssi_dbm double precision, snr_db double precision) LANGUAGE sql IMMUTABLE ROWS 2 AS $$
    SELECT told ->> 0, (told ->> 1)::double precision, (told ->> 2)::double precision
    FROM jsonb_array_elements(CASE WHEN $1 LIKE '[%' THEN $1::jsonb END) AS told
    UNION ALL
    -- By way of decimals: as it was said, not as the next binary fraction.
    SELECT name,
           CASE WHEN place = 1 THEN $3::text::double precision ELSE -nullif(get_byte($2, 2 * place - 4), 255) END,
           CASE WHEN place = 1 THEN $4::text::double precision
                ELSE (code / 6 - 25 + (ARRAY[0, 0.2, 0.25, 0.5, 0.75, 0.8])[code % 6 + 1])::double precision END
    FROM unnest(string_to_array(CASE WHEN $1 NOT LIKE '[%' THEN $1 END, E'\n')) WITH ORDINALITY
             AS named (name, listed)
    CROSS JOIN LATERAL (
        SELECT listed::integer AS place,
               CASE WHEN listed > 1 THEN nullif(get_byte($2, 2 * listed::integer - 3), 255) END AS code) AS l
$$;
