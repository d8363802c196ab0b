-- What benches were in each hour of a period on the clocks of London, block by block.
SELECT b.block, (local)::date AS day, extract(hour FROM local)::integer AS hour,
       sum(h.free_s + h.occupied_s)::bigint AS known_s, sum(h.free_s + h.occupied_s + h.unknown_s)::bigint AS open_s,
       sum(h.occupied_s)::bigint AS occupied_s, sum(h.arrivals)::bigint AS sittings,
       sum(h.charge_sessions)::bigint AS charge_sessions, sum(h.energy_mwh)::bigint AS energy_mwh
FROM unnest(%(keys)s::int4[], %(blocks)s::int4[]) AS b (asset_key, block)
JOIN fact_hour AS h USING (asset_key)
CROSS JOIN LATERAL (SELECT h.hour AT TIME ZONE 'Europe/London') AS clock (local)
WHERE h.hour >= %(since)s AND h.hour < %(until)s
GROUP BY 1, 2, 3
