INSERT INTO recount (asset_key, counted_at, taken, shown, made_by, made_at)
VALUES (%(asset_key)s, %(counted_at)s, %(taken)s, %(shown)s, %(made_by)s, %(made_at)s)
RETURNING *
