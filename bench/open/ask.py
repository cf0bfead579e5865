"""One month of an Iceberg table, and of the list of the month's files, in turn. JSON in on stdin, JSON out."""
import json
import sys
import time

import duckdb
from duckdb_extensions import import_extension

order = json.load(sys.stdin)
for extension in ("avro", "iceberg"):
    import_extension(extension)
connection = duckdb.connect()
connection.execute("load iceberg; set TimeZone = 'UTC'")
WHAT = "select count(*), min(low), max(high), sum(volume) from"
WHERE = f"where symbol = 'S7' and time >= make_timestamptz({order['from_us']}) and time < make_timestamptz({order['to_us']})"
SOURCES = {
    "table": f"iceberg_scan('{order['document']}')",
    "files": f"read_parquet({order['files']!r}, hive_partitioning = false)",
}
ratios = []
for turn in range(order["rounds"] * 4 + 1):
    took = {}
    answers = set()
    for name, source in SOURCES.items():
        begun = time.perf_counter()
        answers.add(connection.execute(f"{WHAT} {source} {WHERE}").fetchone())
        took[name] = time.perf_counter() - begun
    if len(answers) != 1 or 0 in next(iter(answers)):
        raise SystemExit(f"not one answer: {answers}")
    if turn > 0:
        ratios.append(took["table"] / took["files"])
print(json.dumps({"ratios": ratios}))
