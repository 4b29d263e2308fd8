-- +goose Up
-- The servers that work on this database, each seen again every few seconds.
CREATE TABLE servers (
    id      text PRIMARY KEY,
    seen_at timestamptz NOT NULL
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

-- +goose Down
DROP TABLE source_parts;
DROP TABLE servers;
