-- Up Migration

-- When the bytes of a segment were last read and compared with what was published, by whichever scrub.
create table tierd.scrubs (
  segment_id  bigint primary key references tierd.segments on delete cascade,
  scrubbed_at timestamptz not null
);

-- Down Migration

drop table tierd.scrubs;
