#!/usr/bin/env bash
# pyiceberg 0.12.0 with pyarrow 25.0.1, beside DuckDB 1.5.5 over the same rows (PyPI), Python 3.
#
# Guess before running: a filter `n > 1.5` of a whole-number column compares exactly (2 is in, 1 is not), as in SQL, or is
# refused: the same library refuses `price = 0.1` of a decimal(20,2), for its scale is another, and a float for an integer.
#
# Seen: the literal is rounded to a whole number first, half to even, and then compared. `n > 1.5` loses the rows with 2,
# `n = 1.5` finds them, `n <= 1.5` has them as well, and `n = 2.5` finds 2 too, without a word; a Decimal given by
# the interface for programs does the same. A delete takes its filter in the same way: delete("n = 1.5") deletes the rows with 2.
#
# What it means for tierd: docs/engines.md names it. A table of tierd's can't be deleted from so, for readers have no right to
# write in the lake.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check 'pyiceberg[pyarrow,sql-sqlite]==0.12.0' pyarrow==25.0.1 duckdb==1.5.5
cat >run.py <<'PY'
import json
from decimal import Decimal
import duckdb, pyarrow as pa
from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.expressions import GreaterThan

catalogue = SqlCatalog('c', uri='sqlite:///c.db', warehouse='w')
catalogue.create_namespace('lake')
rows = pa.table({'n': pa.array(range(5), pa.int32()), 'price': pa.array([Decimal(n) for n in range(5)], pa.decimal128(20, 2))})
table = catalogue.create_table('lake.t', rows.schema)
table.append(rows)

def of(given):
    try:
        return sorted(table.scan(row_filter=given).to_arrow()['n'].to_pylist())
    except ValueError:
        return 'refused'

found = {}
for text in ('n > 1.5', 'n = 1.5', 'n <= 1.5', 'n = 2.5', 'price = 0.1'):
    exact = [row[0] for row in duckdb.sql(f'select n from rows where {text} order by n').fetchall()]
    found[text] = {'pyiceberg': of(text), 'duckdb': exact}
found['Decimal'] = of(GreaterThan('n', Decimal('1.5')))
table.delete('n = 1.5')
found['after delete of n = 1.5'] = of('n >= 0')
print(json.dumps(found))
PY
found=$(env/bin/python run.py 2>/dev/null)
expected='{"n > 1.5": {"pyiceberg": [3, 4], "duckdb": [2, 3, 4]}, "n = 1.5": {"pyiceberg": [2], "duckdb": []}, "n <= 1.5": {"pyiceberg": [0, 1, 2], "duckdb": [0, 1]}, "n = 2.5": {"pyiceberg": [2], "duckdb": []}, "price = 0.1": {"pyiceberg": "refused", "duckdb": []}, "Decimal": [3, 4], "after delete of n = 1.5": [0, 1, 3, 4]}'
echo "$found"
[ "$found" = "$expected" ] || { echo "changed: expected $expected" >&2; exit 1; }
echo 'as found: a fraction is rounded before it is compared'
