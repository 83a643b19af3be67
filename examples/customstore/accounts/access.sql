-- What accesssec has to know of a person and the host did not keep. Nothing of the
-- host's is renamed, retyped or dropped but one index. Migrate runs this once, and fills
-- in what SQL can't work out.

-- Accounts that a sign-on makes come with an id of accesssec's choosing, so the number
-- can't be that id. It stays what the host's other tables refer to.
ALTER TABLE accounts ADD COLUMN access_id TEXT;
UPDATE accounts SET access_id = 'acct-' || id;
CREATE UNIQUE INDEX accounts_access_id ON accounts (access_id);

-- The form by which addresses are compared. It takes the place of lower(mail), which
-- knows ASCII alone and would let in two accounts of one person.
ALTER TABLE accounts ADD COLUMN address_key TEXT NOT NULL DEFAULT '';
CREATE UNIQUE INDEX accounts_address_key ON accounts (address_key) WHERE address_key <> '';
DROP INDEX accounts_mail;

-- An identity provider sends two names, and one column can't be told apart again.
-- display_name stays and follows them.
ALTER TABLE accounts ADD COLUMN first_name TEXT NOT NULL DEFAULT '';
ALTER TABLE accounts ADD COLUMN last_name  TEXT NOT NULL DEFAULT '';
ALTER TABLE accounts ADD COLUMN names_from TEXT NOT NULL DEFAULT '';

ALTER TABLE accounts ADD COLUMN pw_by_user INTEGER NOT NULL DEFAULT 1;
ALTER TABLE accounts ADD COLUMN version    INTEGER NOT NULL DEFAULT 1;

-- A team begins to be an org of accesssec's when it gets an org_id.
ALTER TABLE workspaces ADD COLUMN org_id TEXT;
CREATE UNIQUE INDEX workspaces_org_id ON workspaces (org_id);

-- Who is disabled in one team stays in the others: accounts.active is for all of them.
ALTER TABLE team_members ADD COLUMN disabled INTEGER NOT NULL DEFAULT 0;

-- Lists go by the microsecond, and since is a day.
ALTER TABLE team_members ADD COLUMN joined  INTEGER NOT NULL DEFAULT 0; -- microseconds since 1970
ALTER TABLE team_members ADD COLUMN source  TEXT    NOT NULL DEFAULT 'import';
ALTER TABLE team_members ADD COLUMN version INTEGER NOT NULL DEFAULT 1;
UPDATE team_members SET joined = strftime('%s', since) * 1000000;
CREATE INDEX team_members_joined ON team_members (workspace_id, joined);

-- Every change raises the version, also one by an old statement that knows of none: or
-- accesssec could write back what it has read before, and undo it.
CREATE TRIGGER accounts_version
	AFTER UPDATE OF mail, display_name, pw, mail_confirmed, active ON accounts
	WHEN NEW.version = OLD.version
BEGIN
	UPDATE accounts SET version = version + 1 WHERE id = NEW.id;
END;

CREATE TRIGGER team_members_version
	AFTER UPDATE OF position, disabled ON team_members
	WHEN NEW.version = OLD.version
BEGIN
	UPDATE team_members SET version = version + 1 WHERE workspace_id = NEW.workspace_id AND account_id = NEW.account_id;
END;

-- An account of the host's own making gets its id from its number.
CREATE TRIGGER accounts_access_id
	AFTER INSERT ON accounts
	WHEN NEW.access_id IS NULL
BEGIN
	UPDATE accounts SET access_id = 'acct-' || NEW.id WHERE id = NEW.id;
END;

-- An INSERT that has been forgotten fails, rather than make an account that is found by
-- nobody and made a second time by the next sign-on.
CREATE TRIGGER accounts_address_key
	BEFORE INSERT ON accounts
	WHEN NEW.address_key = '' AND NEW.access_id IS NULL
BEGIN
	SELECT RAISE(ABORT, 'accounts: an account needs its address_key');
END;
