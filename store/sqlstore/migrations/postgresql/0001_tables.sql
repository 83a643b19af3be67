-- +goose Up
-- Text is compared byte for byte, so every text column is COLLATE "C". Instants that
-- may be missing are NULL. Nothing here refers to a host's table, and nothing is bound
-- by foreign keys: what hangs on a row is deleted by who deletes the row.

CREATE TABLE {orgs} (
	id         text COLLATE "C" NOT NULL PRIMARY KEY,
	name       text COLLATE "C" NOT NULL,
	sso_from   text COLLATE "C" NOT NULL, -- the org that governs this one; '' itself
	access     bytea            NOT NULL, -- JSON: the access settings
	created_at timestamptz      NOT NULL,
	version    bigint           NOT NULL
);
CREATE INDEX {orgs_sso_from} ON {orgs} (sso_from, id) WHERE sso_from <> '';

CREATE TABLE {domains} (
	org_id  text COLLATE "C" NOT NULL,
	id      text COLLATE "C" NOT NULL,
	name    text COLLATE "C" NOT NULL, -- A-label, lower case
	status  text COLLATE "C" NOT NULL, -- pending, verified, missing, unverified, released
	claim   bytea            NOT NULL, -- JSON
	version bigint           NOT NULL,
	PRIMARY KEY (org_id, id)
);
CREATE UNIQUE INDEX {domains_own} ON {domains} (org_id, name);
CREATE UNIQUE INDEX {domains_held} ON {domains} (name) WHERE status IN ('verified', 'missing');
CREATE INDEX {domains_name} ON {domains} (name);

CREATE TABLE {entries} (
	org_id        text COLLATE "C" NOT NULL,
	id            text COLLATE "C" NOT NULL,
	connection_id text COLLATE "C" NOT NULL, -- '' until an identity provider manages it
	type          text COLLATE "C" NOT NULL, -- User, Group
	name          text COLLATE "C" NOT NULL,
	name_key      text COLLATE "C" NOT NULL, -- by which names are compared
	external_id   text COLLATE "C" NOT NULL,
	user_id       text COLLATE "C" NOT NULL, -- the account behind it; '' none
	active        boolean          NOT NULL,
	attributes    bytea            NOT NULL, -- JSON
	indexed       bytea            NOT NULL, -- JSON: the rows of {entry_index}, to be read with the entry
	created_at    timestamptz      NOT NULL,
	modified_at   timestamptz      NOT NULL,
	version       bigint           NOT NULL,
	PRIMARY KEY (org_id, id)
);
CREATE UNIQUE INDEX {entries_name} ON {entries} (org_id, name_key, type);
CREATE UNIQUE INDEX {entries_external} ON {entries} (org_id, external_id, connection_id, type) WHERE external_id <> '';
CREATE UNIQUE INDEX {entries_user} ON {entries} (org_id, user_id) WHERE user_id <> '';
CREATE INDEX {entries_created} ON {entries} (org_id, created_at, id);

-- What filters may ask for beyond the columns. Only a bounded part of a long text is
-- indexed.
CREATE TABLE {entry_index} (
	org_id   text COLLATE "C" NOT NULL,
	entry_id text COLLATE "C" NOT NULL,
	pos      integer          NOT NULL,
	path     text COLLATE "C" NOT NULL,
	element  bigint           NOT NULL, -- ties together the parts of one element
	value    text COLLATE "C" NOT NULL,
	PRIMARY KEY (org_id, entry_id, pos)
);
CREATE INDEX {entry_index_value} ON {entry_index} (org_id, path, substr(value, 1, 200));

CREATE TABLE {members} (
	org_id   text COLLATE "C" NOT NULL,
	group_id text COLLATE "C" NOT NULL,
	entry_id text COLLATE "C" NOT NULL,
	PRIMARY KEY (org_id, group_id, entry_id)
);
CREATE INDEX {members_entry} ON {members} (org_id, entry_id, group_id);

CREATE TABLE {grants} (
	org_id       text COLLATE "C" NOT NULL,
	id           text COLLATE "C" NOT NULL,
	project      text COLLATE "C" NOT NULL, -- the host's own id; '' the org itself
	subject      text COLLATE "C" NOT NULL,
	subject_kind text COLLATE "C" NOT NULL, -- user, group, service_account, everyone
	role         text COLLATE "C" NOT NULL,
	source       text COLLATE "C" NOT NULL,
	granted_by   text COLLATE "C" NOT NULL,
	created_at   timestamptz      NOT NULL,
	expires_at   timestamptz,
	version      bigint           NOT NULL,
	PRIMARY KEY (org_id, id)
);
CREATE INDEX {grants_created} ON {grants} (org_id, created_at, id);
CREATE INDEX {grants_subject} ON {grants} (org_id, subject);
CREATE INDEX {grants_expires} ON {grants} (expires_at) WHERE expires_at IS NOT NULL;

CREATE TABLE {sessions} (
	hash          bytea            NOT NULL PRIMARY KEY, -- SHA-256 of the token
	id            text COLLATE "C" NOT NULL UNIQUE,
	user_id       text COLLATE "C" NOT NULL,
	org_id        text COLLATE "C" NOT NULL, -- '' the person's own account
	connection_id text COLLATE "C" NOT NULL, -- '' unless by single sign-on
	role          text COLLATE "C" NOT NULL,
	methods       jsonb            NOT NULL, -- by which the person signed in
	restricted    text COLLATE "C" NOT NULL,
	idp_session   text COLLATE "C" NOT NULL,
	ip            text COLLATE "C" NOT NULL,
	agent         text COLLATE "C" NOT NULL,
	created_at    timestamptz      NOT NULL,
	seen_at       timestamptz      NOT NULL,
	idle_at       timestamptz      NOT NULL,
	end_at        timestamptz      NOT NULL,
	proved_at     timestamptz,
	version       bigint           NOT NULL
);
CREATE INDEX {sessions_org} ON {sessions} (org_id, created_at, id);
CREATE INDEX {sessions_user} ON {sessions} (user_id, created_at, id);
CREATE INDEX {sessions_connection} ON {sessions} (connection_id) WHERE connection_id <> '';
CREATE INDEX {sessions_idp} ON {sessions} (substr(idp_session, 1, 200)) WHERE idp_session <> '';
CREATE INDEX {sessions_idle} ON {sessions} (idle_at);
CREATE INDEX {sessions_end} ON {sessions} (end_at);

-- Values of many kinds, with what is searched beside them.
CREATE TABLE {docs} (
	org_id     text COLLATE "C" NOT NULL, -- '' of people and of the system
	kind       text COLLATE "C" NOT NULL,
	id         text COLLATE "C" NOT NULL,
	key        text COLLATE "C" NOT NULL, -- a hash where the value is a secret
	owner      text COLLATE "C" NOT NULL,
	at         timestamptz      NOT NULL,
	expires_at timestamptz,
	body       bytea            NOT NULL,
	version    bigint           NOT NULL,
	PRIMARY KEY (org_id, kind, id)
);
CREATE UNIQUE INDEX {docs_key} ON {docs} (kind, key) WHERE key <> '';
CREATE INDEX {docs_at} ON {docs} (org_id, kind, at, id);
CREATE INDEX {docs_owner} ON {docs} (org_id, kind, owner, at, id) WHERE owner <> '';
CREATE INDEX {docs_expires} ON {docs} (expires_at) WHERE expires_at IS NOT NULL;

CREATE TABLE {jobs} (
	org_id      text COLLATE "C" NOT NULL,
	kind        text COLLATE "C" NOT NULL,
	key         text COLLATE "C" NOT NULL,
	at          timestamptz      NOT NULL,
	body        bytea            NOT NULL,
	lease       text COLLATE "C" NOT NULL, -- the worker that holds it; '' nobody
	lease_until timestamptz,
	seq         bigint           NOT NULL, -- fences the worker
	PRIMARY KEY (org_id, kind, key)
);
CREATE INDEX {jobs_due} ON {jobs} (kind, at);

CREATE TABLE {audit_events} (
	org_id   text COLLATE "C" NOT NULL,
	id       text COLLATE "C" NOT NULL,
	seq      bigint           NOT NULL, -- 0 until it has its place in the chain
	at       timestamptz      NOT NULL,
	type     text COLLATE "C" NOT NULL,
	actor    text COLLATE "C" NOT NULL,
	target   text COLLATE "C" NOT NULL,
	outcome  text COLLATE "C" NOT NULL,
	prev     bytea            NOT NULL,
	hash     bytea            NOT NULL,
	body     bytea            NOT NULL, -- the exact bytes that are hashed
	personal bytea            NOT NULL, -- what the digests in body stand for; erasable
	PRIMARY KEY (org_id, id)
);
CREATE UNIQUE INDEX {audit_events_seq} ON {audit_events} (org_id, seq) WHERE seq > 0;
CREATE INDEX {audit_events_new} ON {audit_events} (org_id, at, id) WHERE seq = 0;
CREATE INDEX {audit_events_actor} ON {audit_events} (org_id, actor, seq) WHERE seq > 0;
CREATE INDEX {audit_events_target} ON {audit_events} (org_id, target, seq) WHERE seq > 0;

CREATE TABLE {audit_heads} (
	org_id text COLLATE "C" NOT NULL PRIMARY KEY,
	seq    bigint           NOT NULL,
	hash   bytea            NOT NULL
);
