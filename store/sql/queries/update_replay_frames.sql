-- The codec that reads a frame now, and why the device spoke, where the journal says otherwise.
UPDATE uplink AS u
SET codec = anew.codec, codec_version = anew.codec_version, kind = anew.kind
FROM unnest(%(received)b::timestamptz[], %(device_keys)b::int4[], %(sessions)b::text[], %(f_cnts)b::int8[],
            %(payloads)b::bytea[], %(codecs)b::text[], %(versions)b::int2[], %(kinds)b::text[])
    AS anew (received_at, device_key, session, f_cnt, payload, codec, codec_version, kind)
WHERE u.received_at = anew.received_at AND u.device_key = anew.device_key AND u.session = anew.session
  AND u.f_cnt = anew.f_cnt AND u.payload = anew.payload
  AND u.received_at >= %(earliest)s AND u.received_at <= %(latest)s
  AND (u.codec, u.codec_version, u.kind) IS DISTINCT FROM (anew.codec, anew.codec_version, anew.kind)
