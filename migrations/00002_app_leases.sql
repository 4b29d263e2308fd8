-- +goose Up
-- Which server sees to what runs of an app while no deployment of it is open.
CREATE TABLE app_leases (
    app_id text PRIMARY KEY REFERENCES apps ON DELETE CASCADE,
    holder text NOT NULL,
    until  timestamptz NOT NULL
);

-- +goose Down
DROP TABLE app_leases;
