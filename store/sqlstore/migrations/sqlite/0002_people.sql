-- +goose Up
-- Accounts and who belongs where. A host that brings its own has no use for this file.

CREATE TABLE {users} (
	id                   text    NOT NULL PRIMARY KEY,
	address              text    NOT NULL, -- as typed
	address_key          text    NOT NULL, -- by which addresses are compared
	address_verified     integer NOT NULL,
	first_name           text    NOT NULL,
	last_name            text    NOT NULL,
	names_from           text    NOT NULL,
	password             text    NOT NULL, -- PHC string; '' none
	password_set_by_user integer NOT NULL,
	disabled             integer NOT NULL,
	created_at           text    NOT NULL,
	version              integer NOT NULL
) STRICT;
CREATE UNIQUE INDEX {users_address} ON {users} (address_key) WHERE address_key <> '';

CREATE TABLE {memberships} (
	org_id               text    NOT NULL,
	user_id              text    NOT NULL,
	role                 text    NOT NULL, -- owner, admin, billing, member
	source               text    NOT NULL, -- created, import, jit, scim, invitation
	joined_at            text    NOT NULL,
	version              integer NOT NULL,
	PRIMARY KEY (org_id, user_id)
) STRICT;
CREATE INDEX {memberships_joined} ON {memberships} (org_id, joined_at, user_id);
CREATE INDEX {memberships_user} ON {memberships} (user_id, joined_at, org_id);
