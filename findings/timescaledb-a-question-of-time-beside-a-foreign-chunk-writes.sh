#!/usr/bin/env bash
# TimescaleDB 2.19.3 (Debian 13's postgresql-17-timescaledb 2.19.3+dfsg-1+deb13u1, Apache edition) with PostgreSQL 17, Linux on x64.
# As root, with debootstrap: a Debian tree in a temporary folder, in which the server runs.
#
# Guess before running: a SELECT of a hypertable that has a foreign table as a chunk (attach_osm_table_chunk)
# writes nothing, whatever its WHERE: no transaction id, no WAL, nothing to wait for at its end.
#
# Seen: where the WHERE is on time, planning it locks the row of the foreign chunk's range in TimescaleDB's
# catalogue (FOR KEY SHARE). So each such SELECT, of hot time too, takes a transaction id, writes WAL and
# waits at its end for the flush to the disk; EXPLAIN as well. Two that overlap make a multixact. In a transaction that is READ ONLY it is
# the same. Without a WHERE on time, with timescaledb.enable_tiered_reads off, or on a hypertable without a foreign chunk, it writes nothing.
#
# What it means for tierd: docs/attach.md says what `tierd attach --in-place` costs those who read, and that
# `synchronous_commit = off` spares a role that only reads the wait (bench/README.md has the figures).
set -euo pipefail
[ "$(id -u)" = 0 ] || { echo 'this needs root, for debootstrap and chroot' >&2; exit 1; }
work=$(mktemp -d)
tree=$work/tree
trap 'if [ -e "$tree/tmp/data/postmaster.pid" ]; then kill -QUIT "$(head -n 1 "$tree/tmp/data/postmaster.pid")" 2>/dev/null || true; sleep 2; fi; umount "$tree/proc" 2>/dev/null || true; rm -rf --one-file-system "$work"' EXIT
. /etc/os-release
mirror=
if [ "$ID" = debian ]; then
  suites="${VERSION_CODENAME:-sid}|stable|oldstable|testing"
  mirror=$(apt-get --print-uris update | sed -nE "s#^'([^']*)/dists/($suites)/InRelease'.*#\1#p" | head -n 1)
fi
debootstrap --variant=minbase --include=ca-certificates trixie "$tree" ${mirror:+"$mirror"} >"$work/log" 2>&1 || { tail "$work/log"; exit 1; }
apt-config dump Acquire >"$tree/etc/apt/apt.conf.d/00machine"
cp /etc/hosts "$tree/etc/hosts"
[ ! -e /etc/ssl/certs/ca-certificates.crt ] || cp -L /etc/ssl/certs/ca-certificates.crt "$tree/etc/ssl/certs/ca-certificates.crt"
printf '#!/bin/sh\nexit 101\n' >"$tree/usr/sbin/policy-rc.d"
chmod 755 "$tree/usr/sbin/policy-rc.d"
mkdir -p "$tree/etc/postgresql-common"
echo 'create_main_cluster = false' >"$tree/etc/postgresql-common/createcluster.conf"
[ ! -L "$tree/proc" ] || { rm "$tree/proc" && mkdir "$tree/proc"; }
mountpoint -q "$tree/proc" || mount -t proc proc "$tree/proc" || true
DEBIAN_FRONTEND=noninteractive chroot "$tree" sh -euc 'apt-get update -qq; apt-get install -y -qq --no-install-recommends postgresql-17 postgresql-17-timescaledb=2.19.3+dfsg-1+deb13u1' >"$work/log" 2>&1 || { tail "$work/log"; exit 1; }
bin=/usr/lib/postgresql/17/bin
as() { chroot --userspec=postgres:postgres "$tree" env HOME=/tmp PGHOST=/tmp PGUSER=postgres PGDATABASE=postgres "$@"; }
as $bin/initdb --pgdata=/tmp/data --username=postgres --auth=trust --no-sync >/dev/null
echo "shared_preload_libraries = 'timescaledb'
timescaledb.telemetry_level = off
listen_addresses = ''
unix_socket_directories = '/tmp'" >>"$tree/tmp/data/postgresql.conf"
as $bin/pg_ctl --pgdata=/tmp/data --log=/tmp/server.log --wait start >/dev/null
psql() { as $bin/psql --no-psqlrc -qAtX -v ON_ERROR_STOP=1 "$@"; }
psql -c 'set client_min_messages = error; create extension timescaledb; create extension postgres_fdw;' >/dev/null
psql >/dev/null <<'SQL'
create table with_foreign (time timestamptz not null, n int);
create table plain (like with_foreign);
select create_hypertable('with_foreign', 'time', chunk_time_interval => interval '1 day'), create_hypertable('plain', 'time', chunk_time_interval => interval '1 day');
insert into with_foreign select '2024-06-01'::timestamptz + h * interval '1 hour', h from generate_series(0, 47) h;
insert into plain table with_foreign;
create table elsewhere (time timestamptz not null, n int);
create server here foreign data wrapper postgres_fdw options (host '/tmp', dbname 'postgres');
create user mapping for postgres server here options (user 'postgres');
create foreign table cold (time timestamptz not null, n int) server here options (table_name 'elsewhere');
select _timescaledb_functions.attach_osm_table_chunk('with_foreign', 'cold');
SQL
# The transaction id that a transaction has after it: empty for none.
id_after() { psql -c "begin ${2:-}" -c "$1" -c 'select coalesce(pg_current_xact_id_if_assigned()::text, $$none$$)' -c rollback | tail -n 1; }
kind() { if [ "$1" = none ]; then echo nothing; else echo 'a transaction id'; fi; }
question="select count(*) from %s where time >= '2024-06-02'"
ask() { kind "$(id_after "$(printf "$question" "$1")" "${2:-}")"; }
{
  echo "timescaledb $(psql -c "select extversion from pg_extension where extname = 'timescaledb'")"
  echo "a WHERE on time, no foreign chunk: $(ask plain)"
  echo "a WHERE on time beside a foreign chunk: $(ask with_foreign)"
  echo "the same in a READ ONLY transaction: $(ask with_foreign 'read only')"
  echo "EXPLAIN of it: $(kind "$(id_after "explain $(printf "$question" with_foreign)")")"
  echo "no WHERE on time beside a foreign chunk: $(kind "$(id_after 'select count(*) from with_foreign where n = 1')")"
  echo "enable_tiered_reads off: $(kind "$(id_after "set local timescaledb.enable_tiered_reads = off; $(printf "$question" with_foreign)")")"
  before=$(psql -c 'select pg_current_wal_lsn()')
  for _ in $(seq 20); do psql -c "$(printf "$question" with_foreign)" >/dev/null; done
  echo "WAL of twenty such questions: $(psql -c "select case when pg_current_wal_flush_lsn() - '$before'::pg_lsn between 1000 and 20000 then 'some kB, flushed' else 'other: ' || (pg_current_wal_flush_lsn() - '$before'::pg_lsn) end")"
  psql >/dev/null <<SQL
create extension dblink;
select dblink_connect('other', 'host=/tmp dbname=postgres user=postgres'), dblink_exec('other', 'begin');
select * from dblink('other', \$\$$(printf "$question" with_foreign)\$\$) as t(n bigint);
$(printf "$question" with_foreign);
checkpoint;
SQL
  echo "the next multixact after two at once: $(psql -c checkpoint -c 'select next_multixact_id from pg_control_checkpoint()')"
} | tee "$work/seen"
diff "$work/seen" - <<'SEEN'
timescaledb 2.19.3
a WHERE on time, no foreign chunk: nothing
a WHERE on time beside a foreign chunk: a transaction id
the same in a READ ONLY transaction: a transaction id
EXPLAIN of it: a transaction id
no WHERE on time beside a foreign chunk: nothing
enable_tiered_reads off: nothing
WAL of twenty such questions: some kB, flushed
the next multixact after two at once: 2
SEEN
echo 'as described'
