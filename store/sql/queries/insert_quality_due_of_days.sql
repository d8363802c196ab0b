-- Every area is due for the days that are over now.
WITH step AS (
    UPDATE quality SET days_until = %(until)s
)
INSERT INTO quality_due (asset_key, since, until)
SELECT asset_key, %(since)s, %(until)s FROM asset WHERE kind = 'area'
