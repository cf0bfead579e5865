-- Up Migration

-- How long a segment's footer is, with its length and the magic behind it: so much of its end is asked of a bucket, and no
-- more. Null of segments from before; of these it is guessed.
alter table tierd.segments add column footer_bytes integer;

-- Down Migration

alter table tierd.segments drop column footer_bytes;
