-- From when on words count, and from when on those of devices that are, or were, at a bench.
SELECT h.raw_from, h.benches_raw_from,
       (SELECT coalesce(array_agg(DISTINCT i.device_key), '{}')
        FROM installation AS i JOIN asset AS a USING (asset_key) WHERE a.kind = 'bench') AS bench_device_keys
FROM history AS h
