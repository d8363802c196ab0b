-- The row lock is held until commit: whoever has seen revision N has seen everything up to N, two workers cannot
-- deadlock, and what the next statement of this transaction reads is the present. Listeners hear of it at commit.
UPDATE platform SET revision = revision + 1
RETURNING revision, as_of, places_version, coalesce(replaying_until > now(), false) AS replaying,
    pg_notify('smartplace_revision', revision::text)
