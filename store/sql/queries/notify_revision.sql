SELECT pg_notify('smartplace_revision', %(revision)s::text)
