-- Up Migration

-- Entries whose row has the key of another entry's.
alter table tierd.drain_sources add column same_key bigint not null default 0;

-- Up to where a stream has been drained into a dataset: what comes again from before that is known also
-- when its consumer group is another, or the record of its delivery is forgotten.
create table tierd.streams (
  dataset         text not null,
  stream_key      text not null,
  source          text not null,
  consumer_group  text not null,
  -- Zero-padded, so that it sorts as Redis sorts ids.
  last_id         text collate "C" not null,
  -- SHA-256 of that entry: one that is there with this content is of the stream that was drained. Null
  -- where only its id was kept.
  last_digest     bytea,
  changed_at      timestamptz not null default clock_timestamp(),
  primary key (dataset, stream_key)
);

insert into tierd.streams (dataset, stream_key, source, consumer_group, last_id)
select distinct on (s.dataset, d.stream_key) s.dataset, d.stream_key, d.source, d.consumer_group, d.last_id
from tierd.deliveries d join tierd.drain_sources s using (source)
order by s.dataset, d.stream_key, d.last_id desc;

-- Down Migration

drop table tierd.streams;
alter table tierd.drain_sources drop column same_key;
