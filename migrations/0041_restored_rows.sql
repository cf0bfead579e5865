-- Up Migration

-- Which rows of a slice came back, where not all of them did: another table that was given some is not given
-- the slice again.
alter table tierd.restores add column where_sha256 text;

-- Down Migration

alter table tierd.restores drop column where_sha256;
