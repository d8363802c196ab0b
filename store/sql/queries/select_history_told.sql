SELECT t.as_of, t.told_until, t.facts_until,
       (SELECT coalesce(array_agg(lower(part) ORDER BY part), '{}') FROM unnest(t.pending) AS part) AS pending_begins,
       (SELECT coalesce(array_agg(upper(part) ORDER BY part), '{}') FROM unnest(t.pending) AS part) AS pending_ends
FROM history_told AS t
