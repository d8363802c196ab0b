-- What is wrong since when: one open row for each thing that is wrong with one subject. When it ends the row stays, and
-- what begins again is a new one.

CREATE TABLE alarm (
    alarm_id        bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    code            text        NOT NULL,
    subject_kind    text        NOT NULL,
    subject_id      text        NOT NULL,
    severity        text        NOT NULL CHECK (severity IN ('critical', 'warning')),
    detail          text        NOT NULL,
    within          text[]      NOT NULL,       -- what the subject is part of, as kind:id
    raised_at       timestamptz NOT NULL,
    last_at         timestamptz NOT NULL CHECK (last_at >= raised_at),
    times           integer     NOT NULL DEFAULT 1,
    ended_at        timestamptz CHECK (ended_at >= last_at),
    acknowledged_by text,
    acknowledged_at timestamptz,
    CHECK ((acknowledged_by IS NULL) = (acknowledged_at IS NULL))
);
CREATE UNIQUE INDEX alarm_open ON alarm (code, subject_kind, subject_id) WHERE ended_at IS NULL;
CREATE INDEX alarm_ended ON alarm (ended_at DESC) WHERE ended_at IS NOT NULL;

-- Not only the register is on record: who acknowledged an alarm or withdrew a message stands beside it, without a change set
-- that could be undone.
ALTER TABLE audit ALTER COLUMN change_set_id DROP NOT NULL;
