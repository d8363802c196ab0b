-- The row lock is held until commit: whoever has seen revision N has seen everything up to N.
UPDATE platform SET revision = revision + 1, as_of = greatest(as_of, %(as_of)s::timestamptz) RETURNING revision
