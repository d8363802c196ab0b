-- Facts of a period asset by asset.
SELECT f.asset_key,
       sum(free_s)::bigint AS free_s, sum(occupied_s)::bigint AS occupied_s, sum(unknown_s)::bigint AS unknown_s,
       sum(closed_s)::bigint AS closed_s, sum(inferred_s)::bigint AS inferred_s,
       sum(arrivals)::bigint AS arrivals, sum(departures)::bigint AS departures
FROM facts_over(%(keys)s::int4[], %(grains)s::text[], %(begins)s::timestamptz[], %(ends)s::timestamptz[]) AS f
GROUP BY 1
