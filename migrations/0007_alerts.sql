-- Up Migration

-- What the leader of an owner's daemons has told of and what still goes on, so that the next leader
-- neither tells it anew nor keeps its end to itself.
create table tierd.alerts (
  owner    text not null,
  id       text not null,
  kind     text not null,
  severity text not null,
  subject  text not null,
  message  text not null,
  since    timestamptz not null,
  told_at  timestamptz not null,
  told_to  text[] not null,
  primary key (owner, id)
);

-- Down Migration

drop table tierd.alerts;
