#!/usr/bin/env bash
# chdb 4.4.0 (ClickHouse 26.9.2, PyPI), Python 3.
#
# Guess before running: −0 equals 0 in every comparison (IEEE 754, and so in SQL engines: PostgreSQL, DuckDB,
# DataFusion, polars); IN is a chain of equalities, and one more alternative in a chain of OR can only add rows.
#
# Seen: of the rows 0.0, −0.0 and 1.0, `x = 0.0` and `x = 0.0 or x = 5.0` find two. `x = 0.0 or x = 5.0 or x = 7.0`
# finds one: from three alternatives on the chain is turned into IN, and IN compares bits, as GROUP BY, DISTINCT and
# joins do. Adding an alternative loses a row.
#
# What it means for tierd: PostgreSQL's −0 (a return, a change of price, rounded from below) lies in the lake
# with its sign, as it was; docs/engines.md says what to write there.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check chdb==4.4.0
cat >run.py <<'PY'
import json
from chdb import session

server = session.Session()
ask = lambda sql: int(server.query(sql, 'TSV').data())
server.query('create database d')
server.query('create table d.t (x Float64) engine = MergeTree order by tuple()')
server.query('insert into d.t values (0.0), (-0.0), (1.0)')
print(json.dumps({
    'one': ask('select count() from d.t where x = 0.0'),
    'two': ask('select count() from d.t where x = 0.0 or x = 5.0'),
    'three': ask('select count() from d.t where x = 0.0 or x = 5.0 or x = 7.0'),
    'in': ask('select count() from d.t where x in (0.0, 5.0)'),
    'groups': ask('select count() from (select x from d.t group by x)'),
}))
PY
found=$(env/bin/python run.py)
expected='{"one": 2, "two": 2, "three": 1, "in": 1, "groups": 3}'
echo "$found"
[ "$found" = "$expected" ] || { echo "changed: expected $expected" >&2; exit 1; }
echo 'as found: a third alternative loses a row'
