-- The journal says nothing twice (docs/adr/0016-gateways-and-times-in-the-journal.md). What is there stays as it is, so that
-- compressed chunks are left alone: old rows and new ones are read through the view `journal`.

ALTER TABLE uplink
    ALTER COLUMN observed_at DROP NOT NULL,     -- NULL: `lag_ms` before `received_at`
    ALTER COLUMN gateway_count DROP NOT NULL;   -- NULL: as many as `gateways` names
-- `gateways`: the names of those that heard it, one a line, the one of `rssi_dbm` and `snr_db` first, the others sorted;
-- `signals`: RSSI and SNR of those others, '-' for what is not known. Or, in `gateways` alone, a JSON text as in 0018.
ALTER TABLE uplink
    ADD COLUMN lag_ms  integer,
    ADD COLUMN signals text;

CREATE VIEW journal AS
SELECT received_at, device_key, network, session, f_cnt, f_port, payload,
       coalesce(observed_at, received_at - lag_ms * INTERVAL '1 millisecond') AS observed_at,
       time_source, rssi_dbm, snr_db,
       coalesce(gateway_count, cardinality(string_to_array(gateways, E'\n')))::smallint AS gateway_count,
       codec, codec_version, kind, gateways, signals
FROM uplink;

-- Who heard a frame, and how well, of a row of the journal: old or new. A gateway with two antennas is there twice.
CREATE FUNCTION heard_by(gateways text, signals text, best_rssi_dbm real, best_snr_db real)
RETURNS TABLE (gateway_id text, rssi_dbm double precision, snr_db double precision) LANGUAGE sql IMMUTABLE ROWS 2 AS $$
    SELECT told ->> 0, (told ->> 1)::double precision, (told ->> 2)::double precision
    FROM jsonb_array_elements(CASE WHEN $1 LIKE '[%' THEN $1::jsonb END) AS told
    UNION ALL
    -- By way of text: as it was said, not as the next binary fraction.
    SELECT name, CASE WHEN place = 1 THEN $3::text::double precision ELSE nullif(level[2 * place - 3], '-')::double precision END,
           CASE WHEN place = 1 THEN $4::text::double precision ELSE nullif(level[2 * place - 2], '-')::double precision END
    FROM unnest(string_to_array(CASE WHEN $1 NOT LIKE '[%' THEN $1 END, E'\n')) WITH ORDINALITY AS named (name, place)
    CROSS JOIN string_to_array($2, ' ') AS level
$$;
