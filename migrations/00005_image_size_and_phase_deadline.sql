-- +goose Up
-- Bytes of the image, 0 where the builder did not say.
ALTER TABLE builds ADD COLUMN image_size bigint NOT NULL DEFAULT 0;
ALTER TABLE releases ADD COLUMN image_size bigint NOT NULL DEFAULT 0;
-- When the time-out of the phase that a deployment is in strikes.
ALTER TABLE deployments ADD COLUMN phase_deadline timestamptz;

-- +goose Down
ALTER TABLE deployments DROP COLUMN phase_deadline;
ALTER TABLE releases DROP COLUMN image_size;
ALTER TABLE builds DROP COLUMN image_size;
