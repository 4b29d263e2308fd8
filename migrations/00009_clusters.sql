-- +goose Up
-- Where apps run. The first is the server's own engine, which also builds.
CREATE TABLE clusters (
    id          text PRIMARY KEY,
    name        text        NOT NULL UNIQUE,
    kind        text        NOT NULL CHECK (kind IN ('docker', 'swarm', 'kubernetes')),
    endpoint    text        NOT NULL, -- '' for the server's own engine, or a kubeconfig's
    credentials bytea,                -- encrypted
    revision    bigint      NOT NULL,
    created_at  timestamptz NOT NULL,
    updated_at  timestamptz NOT NULL
);
INSERT INTO clusters (id, name, kind, endpoint, revision, created_at, updated_at) VALUES ('local', 'local', 'docker', '', 1, now(), now());

-- Where an app's next release runs.
ALTER TABLE apps ADD COLUMN cluster_id text NOT NULL DEFAULT 'local' REFERENCES clusters;
CREATE INDEX apps_cluster ON apps (cluster_id);
-- Where a release runs; a name in history when the cluster is gone.
ALTER TABLE releases ADD COLUMN cluster_id text NOT NULL DEFAULT 'local';
-- What the registry knows the image by, '' when no cluster took it from there.
ALTER TABLE builds ADD COLUMN published text NOT NULL DEFAULT '';
-- Where a deployment moves its app to, '' for nowhere.
ALTER TABLE deployments ADD COLUMN cluster_id text NOT NULL DEFAULT '';

-- +goose Down
ALTER TABLE deployments DROP COLUMN cluster_id;
ALTER TABLE builds DROP COLUMN published;
ALTER TABLE releases DROP COLUMN cluster_id;
ALTER TABLE apps DROP COLUMN cluster_id;
DROP TABLE clusters;
