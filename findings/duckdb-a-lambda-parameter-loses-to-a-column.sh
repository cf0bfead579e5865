#!/usr/bin/env bash
# DuckDB 1.5.6 (npm @duckdb/node-api 1.5.6-r.1), Node 20 or later.
#
# Guess before running: within a lambda its parameter comes before whatever else has that name, as DuckDB's own order of
# binding says (parameters of the inner lambda, of the outer one, of a macro, and columns last).
#
# Seen: so it is for the bare name. `lambda a: a.s` is the column s of a table with the alias a where there is one, without
# a word: 77 in place of 2. Where a column has the name it is an error: the field is looked for in that column. `(a).s`,
# `a['s']` and struct_extract(a, 's') are the parameter's in each case. A macro that was right for years gives other values to
# the first who calls it beside a table of that alias.
#
# What it means for tierd: SQL that it writes takes fields of parameters as `(a).s`.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund @duckdb/node-api@1.5.6-r.1 >/dev/null
cat >run.mjs <<'JS'
import { DuckDBInstance } from '@duckdb/node-api';
const connection = await (await DuckDBInstance.create(':memory:')).connect();
await connection.run('create table t (s integer); insert into t values (77)');
await connection.run('create table with_a (a integer); insert into with_a values (1)');
await connection.run('create macro scale_of(x) as list_transform([x], lambda a: a.s)[1]');
const given = "[{'u': 1, 's': 2}]";
const ask = async (sql) => {
  try {
    return (await connection.runAndReadAll(sql)).getRows()[0][0];
  } catch (error) {
    return error.message.split(':')[0];
  }
};
const found = { version: await ask('select version()') };
for (const [from, table] of [['t', 't'], ['t a', 't a'], ['a column a', 'with_a']]) {
  found[from] = [];
  for (const field of ['a.s', '(a).s', "a['s']", "struct_extract(a, 's')"]) {
    found[from].push(await ask(`select list_transform(${given}, lambda a: ${field})[1] from ${table}`));
  }
}
found.bare = await ask('select list_transform([5], lambda a: a)[1] from with_a');
found.macro = [await ask("select scale_of({'s': 2}) from t"), await ask("select scale_of({'s': 2}) from t a")];
console.log(JSON.stringify(found));
JS
found=$(node run.mjs)
expected='{"version":"v1.5.6","t":[2,2,2,2],"t a":[77,2,2,2],"a column a":["Binder Error",2,2,2],"bare":5,"macro":[2,77]}'
echo "$found"
[ "$found" = "$expected" ] || { echo "changed: expected $expected" >&2; exit 1; }
echo 'as found: a field of a parameter is a column of the table of that alias'
