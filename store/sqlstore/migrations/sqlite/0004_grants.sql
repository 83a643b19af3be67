-- +goose Up
-- What reaches a person is found by the subjects it is granted to, and by project among
-- these. The org itself has grants in every org, and most of them in many: it is left out
-- of the index of projects.

DROP INDEX {grants_subject};
CREATE INDEX {grants_reach} ON {grants} (org_id, subject, subject_kind, project);
CREATE INDEX {grants_project} ON {grants} (org_id, project, created_at, id) WHERE project <> '';
