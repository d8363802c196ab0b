-- What is left has to be told by what is left, and what was counted from readings that are gone.
INSERT INTO history_due (asset_key, since, until, facts)
VALUES (%(asset_key)s, %(before)s, %(before)s, true)
