-- +goose Up
-- Which worker claimed the deployment last: a server's ID, and one of its process.
ALTER TABLE deployments ADD COLUMN holder text NOT NULL DEFAULT '';

-- +goose Down
ALTER TABLE deployments DROP COLUMN holder;
