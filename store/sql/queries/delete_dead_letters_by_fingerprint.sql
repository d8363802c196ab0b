DELETE FROM dead_letter WHERE fingerprint = ANY (%(fingerprints)s)
