-- +goose Up
-- Instants are text of one width in UTC ('2026-11-22T09:30:00.000000Z'), so that they
-- sort and can be read; one that may be missing is NULL. Flags are 0 and 1. Nothing here
-- refers to a host's table, and nothing is bound by foreign keys: what hangs on a row is
-- deleted by who deletes the row.

CREATE TABLE {orgs} (
	id                   text    NOT NULL PRIMARY KEY,
	name                 text    NOT NULL,
	sso_from             text    NOT NULL, -- the org that governs this one; '' itself
	access               blob    NOT NULL, -- JSON: the access settings
	created_at           text    NOT NULL,
	version              integer NOT NULL
) STRICT;
CREATE INDEX {orgs_sso_from} ON {orgs} (sso_from, id) WHERE sso_from <> '';

CREATE TABLE {domains} (
	org_id               text    NOT NULL,
	id                   text    NOT NULL,
	name                 text    NOT NULL, -- A-label, lower case
	status               text    NOT NULL, -- pending, verified, missing, unverified, released
	claim                blob    NOT NULL, -- JSON
	version              integer NOT NULL,
	PRIMARY KEY (org_id, id)
) STRICT;
CREATE UNIQUE INDEX {domains_own} ON {domains} (org_id, name);
CREATE UNIQUE INDEX {domains_held} ON {domains} (name) WHERE status IN ('verified', 'missing');
CREATE INDEX {domains_name} ON {domains} (name);

CREATE TABLE {entries} (
	org_id               text    NOT NULL,
	id                   text    NOT NULL,
	connection_id        text    NOT NULL, -- '' until an identity provider manages it
	type                 text    NOT NULL, -- User, Group
	name                 text    NOT NULL,
	name_key             text    NOT NULL, -- by which names are compared
	external_id          text    NOT NULL,
	user_id              text    NOT NULL, -- the account behind it; '' none
	active               integer NOT NULL,
	attributes           blob    NOT NULL, -- JSON
	indexed              blob    NOT NULL, -- JSON: the rows of {entry_index}, to be read with the entry
	created_at           text    NOT NULL,
	modified_at          text    NOT NULL,
	version              integer NOT NULL,
	PRIMARY KEY (org_id, id)
) STRICT;
CREATE UNIQUE INDEX {entries_name} ON {entries} (org_id, name_key, type);
CREATE UNIQUE INDEX {entries_external} ON {entries} (org_id, external_id, connection_id, type) WHERE external_id <> '';
CREATE UNIQUE INDEX {entries_user} ON {entries} (org_id, user_id) WHERE user_id <> '';
CREATE INDEX {entries_created} ON {entries} (org_id, created_at, id);

-- What filters may ask for beyond the columns. Only a bounded part of a long text is
-- indexed.
CREATE TABLE {entry_index} (
	org_id               text    NOT NULL,
	entry_id             text    NOT NULL,
	pos                  integer NOT NULL,
	path                 text    NOT NULL,
	element              integer NOT NULL, -- ties together the parts of one element
	value                text    NOT NULL,
	PRIMARY KEY (org_id, entry_id, pos)
) STRICT;
CREATE INDEX {entry_index_value} ON {entry_index} (org_id, path, substr(value, 1, 200));

CREATE TABLE {members} (
	org_id               text    NOT NULL,
	group_id             text    NOT NULL,
	entry_id             text    NOT NULL,
	PRIMARY KEY (org_id, group_id, entry_id)
) STRICT;
CREATE INDEX {members_entry} ON {members} (org_id, entry_id, group_id);

CREATE TABLE {grants} (
	org_id               text    NOT NULL,
	id                   text    NOT NULL,
	project              text    NOT NULL, -- the host's own id; '' the org itself
	subject              text    NOT NULL,
	subject_kind         text    NOT NULL, -- user, group, service_account, everyone
	role                 text    NOT NULL,
	source               text    NOT NULL,
	granted_by           text    NOT NULL,
	created_at           text    NOT NULL,
	expires_at           text,
	version              integer NOT NULL,
	PRIMARY KEY (org_id, id)
) STRICT;
CREATE INDEX {grants_created} ON {grants} (org_id, created_at, id);
CREATE INDEX {grants_subject} ON {grants} (org_id, subject);
CREATE INDEX {grants_expires} ON {grants} (expires_at) WHERE expires_at IS NOT NULL;

CREATE TABLE {sessions} (
	hash                 blob    NOT NULL PRIMARY KEY, -- SHA-256 of the token
	id                   text    NOT NULL UNIQUE,
	user_id              text    NOT NULL,
	org_id               text    NOT NULL, -- '' the person's own account
	connection_id        text    NOT NULL, -- '' unless by single sign-on
	role                 text    NOT NULL,
	methods              text    NOT NULL, -- by which the person signed in
	restricted           text    NOT NULL,
	idp_session          text    NOT NULL,
	ip                   text    NOT NULL,
	agent                text    NOT NULL,
	created_at           text    NOT NULL,
	seen_at              text    NOT NULL,
	idle_at              text    NOT NULL,
	end_at               text    NOT NULL,
	proved_at            text,
	version              integer NOT NULL
) STRICT;
CREATE INDEX {sessions_org} ON {sessions} (org_id, created_at, id);
CREATE INDEX {sessions_user} ON {sessions} (user_id, created_at, id);
CREATE INDEX {sessions_connection} ON {sessions} (connection_id) WHERE connection_id <> '';
CREATE INDEX {sessions_idp} ON {sessions} (substr(idp_session, 1, 200)) WHERE idp_session <> '';
CREATE INDEX {sessions_idle} ON {sessions} (idle_at);
CREATE INDEX {sessions_end} ON {sessions} (end_at);

-- Values of many kinds, with what is searched beside them.
CREATE TABLE {docs} (
	org_id               text    NOT NULL, -- '' of people and of the system
	kind                 text    NOT NULL,
	id                   text    NOT NULL,
	key                  text    NOT NULL, -- a hash where the value is a secret
	owner                text    NOT NULL,
	at                   text    NOT NULL,
	expires_at           text,
	body                 blob    NOT NULL,
	version              integer NOT NULL,
	PRIMARY KEY (org_id, kind, id)
) STRICT;
CREATE UNIQUE INDEX {docs_key} ON {docs} (kind, key) WHERE key <> '';
CREATE INDEX {docs_at} ON {docs} (org_id, kind, at, id);
CREATE INDEX {docs_owner} ON {docs} (org_id, kind, owner, at, id) WHERE owner <> '';
CREATE INDEX {docs_expires} ON {docs} (expires_at) WHERE expires_at IS NOT NULL;

CREATE TABLE {jobs} (
	org_id               text    NOT NULL,
	kind                 text    NOT NULL,
	key                  text    NOT NULL,
	at                   text    NOT NULL,
	body                 blob    NOT NULL,
	lease                text    NOT NULL, -- the worker that holds it; '' nobody
	lease_until          text,
	seq                  integer NOT NULL, -- fences the worker
	PRIMARY KEY (org_id, kind, key)
) STRICT;
CREATE INDEX {jobs_due} ON {jobs} (kind, at);

CREATE TABLE {audit_events} (
	org_id               text    NOT NULL,
	id                   text    NOT NULL,
	seq                  integer NOT NULL, -- 0 until it has its place in the chain
	at                   text    NOT NULL,
	type                 text    NOT NULL,
	actor                text    NOT NULL,
	target               text    NOT NULL,
	outcome              text    NOT NULL,
	prev                 blob    NOT NULL,
	hash                 blob    NOT NULL,
	body                 blob    NOT NULL, -- the exact bytes that are hashed
	personal             blob    NOT NULL, -- what the digests in body stand for; erasable
	PRIMARY KEY (org_id, id)
) STRICT;
CREATE UNIQUE INDEX {audit_events_seq} ON {audit_events} (org_id, seq) WHERE seq > 0;
CREATE INDEX {audit_events_new} ON {audit_events} (org_id, at, id) WHERE seq = 0;
CREATE INDEX {audit_events_actor} ON {audit_events} (org_id, actor, seq) WHERE seq > 0;
CREATE INDEX {audit_events_target} ON {audit_events} (org_id, target, seq) WHERE seq > 0;

CREATE TABLE {audit_heads} (
	org_id               text    NOT NULL PRIMARY KEY,
	seq                  integer NOT NULL,
	hash                 blob    NOT NULL
) STRICT;
