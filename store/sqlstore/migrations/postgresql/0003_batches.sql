-- +goose Up
-- Jobs of one kind in the order in which they are leased: who takes some hundred of a
-- million that are due looks at no others.

DROP INDEX {jobs_due};
CREATE INDEX {jobs_next} ON {jobs} (kind, at, org_id, key);

-- Room for a claim's next version beside it: a claim that was looked at again then costs
-- no entry in any index.
ALTER TABLE {domains} SET (fillfactor = 80);
