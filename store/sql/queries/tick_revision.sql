-- As `next_revision`, by a worker that tells the time. An `as_of` far ahead of it was said by a clock that was ahead, and is
-- taken back: nobody vouches for a time that has not been. That the clocks of two workers differ a little is no reason.
UPDATE platform
SET revision = revision + 1,
    as_of = CASE
        WHEN as_of > %(as_of)s::timestamptz + INTERVAL '2 minutes' THEN %(as_of)s
        ELSE greatest(as_of, %(as_of)s)
    END
RETURNING revision, as_of, pg_notify('smartplace_revision', revision::text)
