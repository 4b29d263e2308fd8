-- +goose Up
-- Whether a newer deployment also stops one of the app that is building.
ALTER TABLE apps ADD COLUMN supersede_building boolean NOT NULL DEFAULT false;
-- How long the release that was live before is kept running for a rollback.
ALTER TABLE apps ADD COLUMN warm_minutes integer NOT NULL DEFAULT 10;
-- How long a deployment is watched after it went live, to go back by itself.
ALTER TABLE apps ADD COLUMN watch_minutes integer NOT NULL DEFAULT 5;
-- Whether the old instances stop before the new ones start.
ALTER TABLE apps ADD COLUMN stop_first boolean NOT NULL DEFAULT false;
-- The release that is kept warm, and until when.
ALTER TABLE apps ADD COLUMN warm_release integer NOT NULL DEFAULT 0;
ALTER TABLE apps ADD COLUMN warm_until timestamptz;
-- Whom the recovery looks for every few seconds.
CREATE INDEX apps_warm ON apps (warm_until) WHERE warm_until IS NOT NULL;

-- Why Slipway made a deployment by itself, in words.
ALTER TABLE deployments ADD COLUMN cause text NOT NULL DEFAULT '';
-- The number of the deployment that made this one needless.
ALTER TABLE deployments ADD COLUMN superseded_by integer NOT NULL DEFAULT 0;
ALTER TABLE deployments ADD COLUMN watch_until timestamptz;
ALTER TABLE deployments ADD COLUMN watch_verdict text NOT NULL DEFAULT '';
ALTER TABLE deployments ADD COLUMN watch_note text NOT NULL DEFAULT '';
CREATE INDEX deployments_watched ON deployments (watch_until) WHERE watch_until IS NOT NULL AND watch_verdict = '';

CREATE TABLE volumes (
    id         text PRIMARY KEY,
    app_id     text NOT NULL REFERENCES apps (id) ON DELETE CASCADE,
    process    text NOT NULL,
    name       text NOT NULL,
    path       text NOT NULL,
    created_at timestamptz NOT NULL,
    UNIQUE (app_id, name),
    UNIQUE (app_id, process, path)
);

-- +goose Down
DROP TABLE volumes;
ALTER TABLE deployments DROP COLUMN cause, DROP COLUMN superseded_by, DROP COLUMN watch_until, DROP COLUMN watch_verdict, DROP COLUMN watch_note;
ALTER TABLE apps DROP COLUMN supersede_building, DROP COLUMN warm_minutes, DROP COLUMN watch_minutes, DROP COLUMN stop_first, DROP COLUMN warm_release, DROP COLUMN warm_until;
