-- +goose Up
-- Who may not come into an org, and stays a member of it. A host that brings its own people
-- has no use for this file.

ALTER TABLE {memberships} ADD COLUMN disabled integer NOT NULL DEFAULT 0;
