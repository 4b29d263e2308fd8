-- +goose Up
-- An invitation is a one-time link with the role that it gives and, when it is
-- for one address only, that address. Its user is who invites.
ALTER TABLE links
    DROP CONSTRAINT links_purpose_check,
    ADD CONSTRAINT links_purpose_check CHECK (purpose IN ('bootstrap', 'sign_in', 'invitation')),
    ADD COLUMN role  text NOT NULL DEFAULT '',
    ADD COLUMN email text NOT NULL DEFAULT '';
ALTER TABLE users ADD COLUMN revision bigint NOT NULL DEFAULT 1;

-- +goose Down
DELETE FROM links WHERE purpose = 'invitation';
ALTER TABLE links
    DROP CONSTRAINT links_purpose_check,
    ADD CONSTRAINT links_purpose_check CHECK (purpose IN ('bootstrap', 'sign_in')),
    DROP COLUMN role,
    DROP COLUMN email;
ALTER TABLE users DROP COLUMN revision;
