-- What was told in public of benches, month by month: told once, so that nobody learns more by asking again. In `told` is
-- no number that is withheld (domain/bench_use.py).
CREATE TABLE bench_month (
    month   date        PRIMARY KEY,
    told_at timestamptz NOT NULL,
    told    jsonb       NOT NULL
);
