-- +goose Up
CREATE TABLE users (
    id            text PRIMARY KEY,
    email         text NOT NULL,
    name          text NOT NULL DEFAULT '',
    password_hash text NOT NULL,
    role          text NOT NULL CHECK (role IN ('owner', 'member')),
    created_at    timestamptz NOT NULL,
    updated_at    timestamptz NOT NULL
);
CREATE UNIQUE INDEX users_email ON users (lower(email));

CREATE TABLE sessions (
    id           text PRIMARY KEY,
    user_id      text NOT NULL REFERENCES users ON DELETE CASCADE,
    secret_hash  bytea NOT NULL UNIQUE,
    ip           text NOT NULL,
    user_agent   text NOT NULL,
    created_at   timestamptz NOT NULL,
    last_used_at timestamptz NOT NULL,
    expires_at   timestamptz NOT NULL
);
CREATE INDEX sessions_user ON sessions (user_id);

CREATE TABLE tokens (
    id           text PRIMARY KEY,
    user_id      text NOT NULL REFERENCES users ON DELETE CASCADE,
    name         text NOT NULL,
    secret_hash  bytea NOT NULL UNIQUE,
    hint         text NOT NULL,
    scopes       jsonb NOT NULL,
    created_at   timestamptz NOT NULL,
    last_used_at timestamptz,
    expires_at   timestamptz
);
CREATE INDEX tokens_user ON tokens (user_id);

CREATE TABLE links (
    id          text PRIMARY KEY,
    purpose     text NOT NULL CHECK (purpose IN ('bootstrap', 'sign_in')),
    user_id     text REFERENCES users ON DELETE CASCADE,
    secret_hash bytea NOT NULL UNIQUE,
    created_at  timestamptz NOT NULL,
    expires_at  timestamptz NOT NULL
);

CREATE TABLE apps (
    id                text PRIMARY KEY,
    name              text NOT NULL UNIQUE,
    owner_id          text NOT NULL REFERENCES users,
    source_url        text NOT NULL DEFAULT '',
    source_credential bytea,
    webhook_secret    bytea,
    branch            text NOT NULL DEFAULT '',
    builder           text NOT NULL DEFAULT '',
    dockerfile        text NOT NULL DEFAULT '',
    health_path       text NOT NULL DEFAULT '',
    port              integer NOT NULL DEFAULT 0,
    scale             jsonb NOT NULL DEFAULT '{}',
    memory_mb         integer NOT NULL DEFAULT 0,
    cpu_milli         integer NOT NULL DEFAULT 0,
    live_release      integer NOT NULL DEFAULT 0,
    release_seq       integer NOT NULL DEFAULT 0,
    deployment_seq    integer NOT NULL DEFAULT 0,
    revision          bigint NOT NULL DEFAULT 1,
    created_at        timestamptz NOT NULL,
    updated_at        timestamptz NOT NULL
);
CREATE INDEX apps_owner ON apps (owner_id, name);

CREATE TABLE domains (
    id         text PRIMARY KEY,
    app_id     text NOT NULL REFERENCES apps ON DELETE CASCADE,
    host       text NOT NULL UNIQUE,
    created_at timestamptz NOT NULL
);
CREATE INDEX domains_app ON domains (app_id);

CREATE TABLE config_vars (
    app_id     text NOT NULL REFERENCES apps ON DELETE CASCADE,
    key        text NOT NULL,
    value      bytea NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (app_id, key)
);

CREATE TABLE deployments (
    id             text PRIMARY KEY,
    app_id         text NOT NULL REFERENCES apps ON DELETE CASCADE,
    number         integer NOT NULL,
    trigger        text NOT NULL,
    state          text NOT NULL CHECK (state IN ('queued', 'building', 'releasing', 'deploying', 'succeeded', 'failed', 'cancelled', 'superseded')),
    reason         text NOT NULL DEFAULT '',
    source_id      text NOT NULL DEFAULT '',
    source_ref     text NOT NULL DEFAULT '',
    commit         text NOT NULL DEFAULT '',
    commit_message text NOT NULL DEFAULT '',
    image_ref      text NOT NULL DEFAULT '',
    from_release   integer NOT NULL DEFAULT 0,
    release        integer NOT NULL DEFAULT 0,
    created_by     text NOT NULL,
    cancelled_by   text NOT NULL DEFAULT '',
    fence          bigint NOT NULL DEFAULT 0,
    lease_until    timestamptz,
    created_at     timestamptz NOT NULL,
    started_at     timestamptz,
    built_at       timestamptz,
    released_at    timestamptz,
    finished_at    timestamptz,
    cancelled_at   timestamptz,
    UNIQUE (app_id, number)
);
-- One deployment at a time per app, kept by the database itself.
CREATE UNIQUE INDEX deployments_active ON deployments (app_id) WHERE state IN ('building', 'releasing', 'deploying');
CREATE INDEX deployments_open ON deployments (app_id, number) WHERE state IN ('queued', 'building', 'releasing', 'deploying');
CREATE INDEX deployments_recent ON deployments (created_at DESC, id DESC);

CREATE TABLE builds (
    id            text PRIMARY KEY,
    app_id        text NOT NULL REFERENCES apps ON DELETE CASCADE,
    deployment_id text NOT NULL UNIQUE REFERENCES deployments ON DELETE CASCADE,
    source_id     text NOT NULL DEFAULT '',
    builder       text NOT NULL DEFAULT '',
    state         text NOT NULL CHECK (state IN ('pending', 'running', 'succeeded', 'failed', 'cancelled')),
    image         text NOT NULL DEFAULT '',
    digest        text NOT NULL DEFAULT '',
    processes     jsonb NOT NULL DEFAULT '[]',
    error         text NOT NULL DEFAULT '',
    created_at    timestamptz NOT NULL,
    started_at    timestamptz,
    finished_at   timestamptz
);

CREATE TABLE releases (
    id            text PRIMARY KEY,
    app_id        text NOT NULL REFERENCES apps ON DELETE CASCADE,
    version       integer NOT NULL,
    deployment_id text NOT NULL UNIQUE,
    build_id      text,
    image         text NOT NULL,
    digest        text NOT NULL,
    config        bytea NOT NULL,
    config_names  jsonb NOT NULL DEFAULT '[]',
    processes     jsonb NOT NULL,
    memory_mb     integer NOT NULL DEFAULT 0,
    cpu_milli     integer NOT NULL DEFAULT 0,
    description   text NOT NULL DEFAULT '',
    commit        text NOT NULL DEFAULT '',
    created_by    text NOT NULL,
    created_at    timestamptz NOT NULL,
    UNIQUE (app_id, version)
);

CREATE TABLE events (
    id         text PRIMARY KEY,
    app_id     text,
    app_name   text NOT NULL DEFAULT '',
    actor_id   text NOT NULL,
    actor      text NOT NULL,
    token_id   text NOT NULL DEFAULT '',
    ip         text NOT NULL DEFAULT '',
    action     text NOT NULL,
    target     text NOT NULL DEFAULT '',
    detail     jsonb,
    created_at timestamptz NOT NULL
);
CREATE INDEX events_app ON events (app_id, id DESC);

CREATE TABLE idempotency_keys (
    actor_id   text NOT NULL,
    key        text NOT NULL,
    request    bytea NOT NULL, -- SHA-256 of method, path and body
    status     integer NOT NULL DEFAULT 0, -- 0 while the first request runs
    response   bytea,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (actor_id, key)
);

CREATE TABLE webhook_deliveries (
    app_id      text NOT NULL REFERENCES apps ON DELETE CASCADE,
    delivery_id text NOT NULL,
    deployment_id text NOT NULL DEFAULT '',
    created_at  timestamptz NOT NULL,
    PRIMARY KEY (app_id, delivery_id)
);

-- +goose Down
DROP TABLE webhook_deliveries, idempotency_keys, events, releases, builds, deployments, config_vars, domains, apps, links, tokens, sessions, users;
