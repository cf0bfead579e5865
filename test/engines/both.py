"""Has DuckDB read the table `ticks` of several catalogues as one: JSON in on stdin, JSON out on stdout.

In:  {"catalogues": ["http://…", …], "token": "…", "s3": {"url": "…", "region": "…", "key": "…", "secret": "…"}}
Out: {"rows": 1, "size": 1, "symbols": 1}
"""
import json
import sys

import duckdb
from duckdb_extensions import import_extension

order = json.load(sys.stdin)
for extension in ("avro", "httpfs", "iceberg"):
    import_extension(extension)
connection = duckdb.connect()
connection.execute("load iceberg; load httpfs; set TimeZone = 'UTC'")
s3 = order["s3"]
connection.execute(
    f"create secret (type s3, endpoint '{s3['url'].removeprefix('http://')}', region '{s3['region']}', url_style path, "
    f"use_ssl false, key_id '{s3['key']}', secret '{s3['secret']}')")
for number, catalogue in enumerate(order["catalogues"]):
    connection.execute(
        f"attach 'any' as c{number} (type iceberg, endpoint '{catalogue}', token '{order['token']}')")
tables = " union all ".join(f"from c{number}.lake.ticks" for number in range(len(order["catalogues"])))
rows, size, symbols = connection.execute(f"select count(*), sum(size), count(distinct symbol) from ({tables})").fetchone()
print(json.dumps({"rows": rows, "size": int(size), "symbols": symbols}))
