SELECT h.facts_until, p.as_of, h.frozen_until, h.benches_frozen_until, h.tidied_on, due.assets AS due_assets,
       coalesce(extract(epoch FROM now() - due.noted_at), 0)::float8 AS lag_s,
       greatest(0, extract(epoch FROM p.as_of - h.facts_until))::float8 AS facts_age_s
FROM history AS h
CROSS JOIN platform AS p
CROSS JOIN (SELECT count(DISTINCT asset_key) AS assets, min(noted_at) AS noted_at FROM history_waiting) AS due
