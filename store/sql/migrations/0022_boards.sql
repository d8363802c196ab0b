-- Boards: what each sign is set up to say. Every version stays, with who made it; a sign is at one of them.

CREATE TABLE board_version (
    sign_id   text        NOT NULL REFERENCES sign,
    version   integer     NOT NULL CHECK (version > 0),
    made_at   timestamptz NOT NULL,
    actor     text        NOT NULL,
    what      text        NOT NULL,
    from_file boolean     NOT NULL,   -- a places file said so: until it says something else, it has nothing new to say
    board     jsonb       NOT NULL,   -- as domain/board_document.py writes it
    PRIMARY KEY (sign_id, version)
);

INSERT INTO board_version (sign_id, version, made_at, actor, what, from_file, board)
SELECT g.sign_id, 1, now(), 'places file', 'places file', true, jsonb_build_object('lines', (
    SELECT jsonb_agg(jsonb_strip_nulls(jsonb_build_object('key', l.line -> 'key', 'label', l.line -> 'label',
        'site', l.line -> 'site_id', 'category', l.line -> 'category', 'arrow', l.line -> 'arrow')) ORDER BY l.position)
    FROM jsonb_array_elements(g.lines) WITH ORDINALITY AS l (line, position)))
FROM sign AS g;

ALTER TABLE sign
    ADD COLUMN board_version integer NOT NULL DEFAULT 1,
    DROP COLUMN lines,
    ADD FOREIGN KEY (sign_id, board_version) REFERENCES board_version (sign_id, version) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE sign ALTER COLUMN board_version DROP DEFAULT;

CREATE TRIGGER board_version_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON board_version
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_forget();
