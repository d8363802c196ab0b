SELECT gone, reached FROM forget(%(relation)s, %(since)s, %(before)s)
