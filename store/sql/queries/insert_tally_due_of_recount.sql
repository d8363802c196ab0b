INSERT INTO tally_due (area_key, since) VALUES (%(area_key)s, %(since)s)
