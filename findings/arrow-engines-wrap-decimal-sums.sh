#!/usr/bin/env bash
# pyarrow 25.0.1, DataFusion 55.0.0, daft 0.7.26, chdb 4.4.0 (ClickHouse 26.9), DuckDB 2.0.1, polars 2.1.0 (PyPI), Python 3.
#
# Guess before running: a sum of decimals that leaves 38 digits raises an error, at the latest where the result
# is made into a decimal again; DataFusion does so in its avg of the same column, and decimals are what people choose
# so that nothing wraps. Only ClickHouse documents that it doesn't check.
#
# Seen: twenty values of decimal(38,10), each just below 10^27, add up to a NEGATIVE number in pyarrow, DataFusion
# and daft as well as in ClickHouse, without a word and with 39 digits in a decimal of 38 (128 bits wrapped). pyarrow's
# mean is the wrapped sum divided: negative for positive values. DataFusion's avg raises on the same column, daft's
# is null. DuckDB and polars raise.
#
# What it means for tierd: amounts in numeric(38,10) survive the way to the lake exactly, but what adds them up
# may not say so when it overflows: docs/engines.md names the engines.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check pyarrow==25.0.1 datafusion==55.0.0 daft==0.7.26 chdb==4.4.0 duckdb==2.0.1 polars==2.1.0
cat >run.py <<'PY'
import json, warnings
warnings.simplefilter('ignore')
from decimal import Decimal
import chdb, daft, datafusion, duckdb, polars, pyarrow as pa, pyarrow.compute as pc, pyarrow.parquet as pq

rows = pa.table({'x': pa.array([Decimal('9' * 27)] * 20, pa.decimal128(38, 10))})
pq.write_table(rows, 'x.parquet')
context = datafusion.SessionContext()
context.register_parquet('t', 'x.parquet')
ask = {
    'pyarrow': lambda of: {'sum': pc.sum, 'avg': pc.mean}[of](rows['x']).as_py(),
    'datafusion': lambda of: context.sql(f'select {of}(x) as r from t').to_pydict()['r'][0],
    'daft': lambda of: daft.sql(f'select {of}(x) as r from t', t=daft.read_parquet('x.parquet')).to_pydict()['r'][0],
    'clickhouse': lambda of: Decimal(chdb.query(f"select toString({of}(x)) from file('x.parquet', Parquet)", 'TSV').data().strip()),
    'duckdb': lambda of: duckdb.sql(f"select {of}(x) from 'x.parquet'").fetchall()[0][0],
    'polars': lambda of: polars.SQLContext(t=polars.scan_parquet('x.parquet')).execute(f'select {of}(x) as r from t').collect().item(),
}
def told(engine, of):
    try:
        value = engine(of)
    except BaseException:
        return 'raised'
    return 'null' if value is None else 'negative' if value < 0 else 'positive'

print(json.dumps({name: [told(engine, 'sum'), told(engine, 'avg')] for name, engine in ask.items()}))
PY
found=$(env/bin/python run.py 2>/dev/null)
expected='{"pyarrow": ["negative", "negative"], "datafusion": ["negative", "raised"], "daft": ["negative", "null"], "clickhouse": ["negative", "negative"], "duckdb": ["raised", "raised"], "polars": ["raised", "positive"]}'
echo "$found"
[ "$found" = "$expected" ] || { echo "changed: expected $expected" >&2; exit 1; }
echo 'as found: sums of positive decimals that are negative'
