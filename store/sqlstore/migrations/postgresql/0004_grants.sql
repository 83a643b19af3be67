-- +goose Up
-- What reaches one person is found by the subjects it is granted to, and by project among
-- these. The grants of one project of the host's have an index that only a statement can
-- use which says that it is not the org itself: what reaches a person is never looked for
-- among all that a project has.

DROP INDEX {grants_subject};
CREATE INDEX {grants_reach} ON {grants} (org_id, subject, subject_kind, project);
CREATE INDEX {grants_project} ON {grants} (org_id, project, created_at, id) WHERE project <> '';
