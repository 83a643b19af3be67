-- The host's tables as they were before there was any accesssec.

CREATE TABLE accounts (
	id             INTEGER PRIMARY KEY AUTOINCREMENT,
	mail           TEXT    NOT NULL,
	display_name   TEXT    NOT NULL,
	pw             TEXT    NOT NULL DEFAULT '', -- a hash of the host's own kind, see hash.go
	mail_confirmed INTEGER NOT NULL DEFAULT 0,  -- the person has followed a link that was sent there
	active         INTEGER NOT NULL DEFAULT 1,
	created        TEXT    NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))
);
CREATE UNIQUE INDEX accounts_mail ON accounts (lower(mail));

CREATE TABLE workspaces (
	id   INTEGER PRIMARY KEY AUTOINCREMENT,
	name TEXT NOT NULL,
	plan TEXT NOT NULL DEFAULT 'free'
);

CREATE TABLE team_members (
	workspace_id INTEGER NOT NULL REFERENCES workspaces (id),
	account_id   INTEGER NOT NULL REFERENCES accounts (id),
	position     TEXT    NOT NULL, -- boss, manager, accountant, staff, trainee
	since        TEXT    NOT NULL DEFAULT (date('now')),
	PRIMARY KEY (workspace_id, account_id)
);
CREATE INDEX team_members_account ON team_members (account_id);
