-- Words and readings from before a moment are given up, and history is frozen up to a little later: as much later as a sensor
-- may be silent, so that the words in between say what is true from then on; half of the time that is kept at most.
-- Never past a moment that is due, nor past those of which facts are made. Horizons only move on.
WITH margin AS (
    SELECT greatest(INTERVAL '3 days', make_interval(secs => coalesce(max(silent_after_s), 0))) AS most FROM device
), settled AS (
    SELECT least(h.facts_until, min(n.since) FILTER (WHERE a.kind IS DISTINCT FROM 'bench')) AS until,
           least(h.facts_until, min(n.since) FILTER (WHERE a.kind = 'bench'))                AS benches_until
    FROM history AS h
    LEFT JOIN history_waiting AS n ON true
    LEFT JOIN asset AS a ON a.asset_key = n.asset_key
    GROUP BY h.facts_until
), wanted AS (
    SELECT
        date_trunc('day', least(%(now)s::timestamptz - make_interval(days => %(days)s), settled.until - m.all_of_it), 'UTC')
            AS raw_from,
        m.all_of_it,
        date_trunc('day', least(%(now)s::timestamptz - make_interval(days => %(bench_days)s),
                                settled.benches_until - m.of_benches), 'UTC')
            AS benches_raw_from,
        m.of_benches
    FROM settled
    CROSS JOIN margin
    CROSS JOIN LATERAL (
        SELECT date_trunc('day', least(margin.most, make_interval(hours => 12 * %(days)s))) AS all_of_it,
               date_trunc('day', least(margin.most, make_interval(hours => 12 * %(bench_days)s))) AS of_benches
    ) AS m
)
UPDATE history AS now
SET raw_from = CASE WHEN moved.whole THEN w.raw_from ELSE now.raw_from END,
    frozen_until = CASE WHEN moved.whole THEN w.raw_from + w.all_of_it ELSE now.frozen_until END,
    benches_raw_from = CASE WHEN moved.benches THEN w.benches_raw_from ELSE now.benches_raw_from END,
    benches_frozen_until = CASE WHEN moved.benches THEN w.benches_raw_from + w.of_benches ELSE now.benches_frozen_until END
FROM history AS old
CROSS JOIN wanted AS w
CROSS JOIN LATERAL (
    SELECT %(days)s > 0 AND w.raw_from > old.raw_from AND w.raw_from + w.all_of_it >= old.frozen_until AS whole,
           %(bench_days)s > 0 AND w.benches_raw_from > old.benches_raw_from
               AND w.benches_raw_from + w.of_benches >= old.benches_frozen_until AS benches
) AS moved
RETURNING now.raw_from, now.benches_raw_from, old.benches_raw_from AS benches_were_raw_from
