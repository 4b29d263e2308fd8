-- +goose Up
-- The servers that work on this database. One is there as long as it holds the
-- advisory lock of its ID.
CREATE TABLE servers (
    id      text PRIMARY KEY,
    routers integer     NOT NULL, -- connected to it
    seen_at timestamptz NOT NULL
);
-- What one server asks of all others, and what they answered.
CREATE TABLE server_calls (
    id         text PRIMARY KEY,
    server_id  text        NOT NULL,
    request    jsonb       NOT NULL,
    created_at timestamptz NOT NULL
);
CREATE TABLE server_answers (
    call_id   text NOT NULL REFERENCES server_calls ON DELETE CASCADE,
    server_id text NOT NULL,
    failure   text NOT NULL, -- '' when it was done
    PRIMARY KEY (call_id, server_id)
);
-- Source snapshots that another server than the one that took them may have to
-- build, in parts of 1 MiB. With one server there are none.
CREATE TABLE source_parts (
    source_id text    NOT NULL,
    number    integer NOT NULL,
    data      bytea   NOT NULL,
    PRIMARY KEY (source_id, number)
);
ALTER TABLE source_parts ALTER COLUMN data SET STORAGE EXTERNAL;
-- Lines of deployments' logs, for the servers that do not write them.
CREATE TABLE shared_lines (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    server_id     text        NOT NULL,
    deployment_id text        NOT NULL,
    lines         jsonb       NOT NULL,
    created_at    timestamptz NOT NULL
);

-- +goose Down
DROP TABLE shared_lines;
DROP TABLE source_parts;
DROP TABLE server_answers;
DROP TABLE server_calls;
DROP TABLE servers;
