-- +goose Up
-- A volume that somebody gave up goes from the engine once no instance uses it;
-- until then its row says so.
ALTER TABLE volumes ADD COLUMN removed_at timestamptz;
ALTER TABLE volumes DROP CONSTRAINT volumes_app_id_process_path_key;
CREATE UNIQUE INDEX volumes_place ON volumes (app_id, process, path) WHERE removed_at IS NULL;

-- +goose Down
DROP INDEX volumes_place;
DELETE FROM volumes WHERE removed_at IS NOT NULL;
ALTER TABLE volumes ADD CONSTRAINT volumes_app_id_process_path_key UNIQUE (app_id, process, path);
ALTER TABLE volumes DROP COLUMN removed_at;
