-- +goose Up
-- Labels that a node must have to run an app's instances, NULL for any node; and
-- what it must have free for each, 0 for nothing.
ALTER TABLE apps
    ADD COLUMN placement         jsonb,
    ADD COLUMN reserve_memory_mb integer NOT NULL DEFAULT 0,
    ADD COLUMN reserve_cpu_milli integer NOT NULL DEFAULT 0;
ALTER TABLE releases
    ADD COLUMN placement         jsonb,
    ADD COLUMN reserve_memory_mb integer NOT NULL DEFAULT 0,
    ADD COLUMN reserve_cpu_milli integer NOT NULL DEFAULT 0;
-- What apps get on a cluster, see models.ClusterOptions.
ALTER TABLE clusters ADD COLUMN options jsonb NOT NULL DEFAULT '{}';

-- +goose Down
ALTER TABLE clusters DROP COLUMN options;
ALTER TABLE releases DROP COLUMN placement, DROP COLUMN reserve_memory_mb, DROP COLUMN reserve_cpu_milli;
ALTER TABLE apps DROP COLUMN placement, DROP COLUMN reserve_memory_mb, DROP COLUMN reserve_cpu_milli;
