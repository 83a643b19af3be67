-- +goose Up
-- Accounts and who belongs where. A host that brings its own has no use for this file.

CREATE TABLE {users} (
	id                   text COLLATE "C" NOT NULL PRIMARY KEY,
	address              text COLLATE "C" NOT NULL, -- as typed
	address_key          text COLLATE "C" NOT NULL, -- by which addresses are compared
	address_verified     boolean          NOT NULL,
	first_name           text COLLATE "C" NOT NULL,
	last_name            text COLLATE "C" NOT NULL,
	names_from           text COLLATE "C" NOT NULL,
	password             text COLLATE "C" NOT NULL, -- PHC string; '' none
	password_set_by_user boolean          NOT NULL,
	disabled             boolean          NOT NULL,
	created_at           timestamptz      NOT NULL,
	version              bigint           NOT NULL
);
CREATE UNIQUE INDEX {users_address} ON {users} (address_key) WHERE address_key <> '';

CREATE TABLE {memberships} (
	org_id    text COLLATE "C" NOT NULL,
	user_id   text COLLATE "C" NOT NULL,
	role      text COLLATE "C" NOT NULL, -- owner, admin, billing, member
	source    text COLLATE "C" NOT NULL, -- created, import, jit, scim, invitation
	joined_at timestamptz      NOT NULL,
	version   bigint           NOT NULL,
	PRIMARY KEY (org_id, user_id)
);
CREATE INDEX {memberships_joined} ON {memberships} (org_id, joined_at, user_id);
CREATE INDEX {memberships_user} ON {memberships} (user_id, joined_at, org_id);
