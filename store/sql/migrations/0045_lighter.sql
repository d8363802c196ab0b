-- What late words and facts cost.

-- Since when an asset says what it says, from its newest words: a late word must not cost a reading of all that the asset
-- ever said. As told by the newest `most` words, NULL where those do not tell; by all of them where `most` is NULL. Of the
-- oldest moment among them some words may be missing: what hangs on those is not told.
CREATE FUNCTION run_among(of_asset integer, most bigint) RETURNS timestamptz LANGUAGE sql STABLE AS $$
    SELECT observed_at
    FROM (
        SELECT
            e.observed_at,
            lead(e.observed_at) OVER back AS before,
            min(e.observed_at) OVER () AS oldest,
            lead(e.state) OVER back IS DISTINCT FROM e.state
                OR (a.kind = 'area' AND lead(e.taken) OVER back IS DISTINCT FROM e.taken)
                OR e.observed_at >= lead(e.observed_at + make_interval(secs => d.silent_after_s)) OVER back AS begins
        FROM (SELECT * FROM event WHERE asset_key = of_asset ORDER BY observed_at DESC LIMIT most) AS e
        -- One look each at an index: of all devices only one or two are wanted.
        CROSS JOIN LATERAL (SELECT silent_after_s FROM device WHERE device.device_key = e.device_key OFFSET 0) AS d
        CROSS JOIN (SELECT kind, capacity FROM asset WHERE asset_key = of_asset) AS a
        WHERE NOT count_is_refused(a.kind, e.taken, a.capacity)
        WINDOW back AS (ORDER BY e.observed_at DESC, e.f_cnt DESC, e.state DESC, d.silent_after_s DESC,
                                 e.taken DESC NULLS LAST)
    ) AS run
    WHERE begins AND (most IS NULL OR before > oldest)
    ORDER BY observed_at DESC
    LIMIT 1
$$;

-- As in 0031. Bays that speak every hour say the same for days, rarely for months.
CREATE OR REPLACE FUNCTION run_since(of_asset integer) RETURNS timestamptz LANGUAGE sql STABLE AS $$
    SELECT coalesce(run_among(of_asset, 20), run_among(of_asset, 500), run_among(of_asset, NULL))
$$;

-- Facts are looked up by asset; those of a time, whatever the asset, only when a clock was ahead.
DROP INDEX fact_15m_time;
