-- Asked after the lock is had, in a statement of its own: before, another historian may still have moved it.
SELECT h.facts_until, p.as_of,
       quarter_of(least(p.as_of, %(now)s)) AS facts_due_until,
       h.facts_until > '2000-01-01Z' AND p.as_of < h.facts_until - INTERVAL '15 minutes' AS as_of_was_taken_back,
       (SELECT count(*) FROM asset) AS assets
FROM history AS h CROSS JOIN platform AS p
