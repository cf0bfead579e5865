"""Asks one engine about an Iceberg table of tierd's: a line of JSON in on stdin, one out on stdout, until stdin ends.

In:  {"engine": "pyiceberg", "database": "postgresql://…", "table": "ticks", "metadata": "file:///…",
      "folder": "/…", "rest": "http://…" or null, "token": "…" or null,
      "s3": null or {"url": "…", "region": "…", "key": "…", "secret": "…"},
      "snapshot": null or an id, "questions": [{"name": "…", "filter": "…" or null}]}
Out: {"version": "…", "answers": {"name": {"rows": 1, "price": "1", …}}}, or {"error": "…"}

With "rest" the table is found by the REST catalogue, else by the SQL one, the document or the folder, as the
engine can. A filter is SQL that every engine understands; {2024-01-15T00:00:00} in it is an instant, UTC.
"""
import json
import os
import re
import sys
import traceback
from decimal import Decimal

COLUMNS = "count(*) as n, sum(price) as price, sum(size) as size, min(time) as first, max(time) as last"


def filter_of(question, instant="timestamptz '{}+00:00'"):
    """The condition with its instants as this engine writes them, or None."""
    text = question["filter"]
    return text and re.sub(r"\{([0-9T:-]+)\}", lambda found: instant.format(found[1]), text)


def where_of(question, *instant):
    condition = filter_of(question, *instant)
    return f" where {condition}" if condition else ""


def micros(value):
    if value is None:
        return None
    import datetime
    if isinstance(value, str):
        value = datetime.datetime.fromisoformat(value)
    if value.tzinfo is None:
        value = value.replace(tzinfo=datetime.timezone.utc)
    delta = value - datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
    return (delta.days * 86400 + delta.seconds) * 1_000_000 + delta.microseconds


def answer(n, price, size, first, last):
    return {
        "rows": int(n),
        "price": None if price is None else format(Decimal(str(price)).normalize(), "f"),
        "size": None if size is None else int(size),
        "first": micros(first),
        "last": micros(last),
    }


def of_arrow(table):
    import pyarrow.compute as pc
    if table.num_rows == 0:
        return answer(0, None, None, None, None)
    bounds = pc.min_max(table["time"]).as_py()
    return answer(
        table.num_rows,
        pc.sum(table["price"]).as_py(),
        pc.sum(table["size"]).as_py(),
        bounds["min"],
        bounds["max"],
    )


def bucket_settings():
    """Of pyiceberg's, where the files lie in a bucket."""
    if not order["s3"]:
        return {}
    return {"s3.endpoint": order["s3"]["url"], "s3.region": order["s3"]["region"],
            "s3.access-key-id": order["s3"]["key"], "s3.secret-access-key": order["s3"]["secret"]}


def catalogue():
    if order.get("rest"):
        from pyiceberg.catalog.rest import RestCatalog
        return RestCatalog("tierd", uri=order["rest"], token=order["token"], **bucket_settings())
    from pyiceberg.catalog.sql import SqlCatalog
    uri = "postgresql+psycopg2://" + order["database"].split("://", 1)[1]
    joined = "&" if "?" in uri else "?"
    uri = f"{uri}{joined}options=-csearch_path%3Dtierd"
    return SqlCatalog("tierd", uri=uri, init_catalog_tables="false", **bucket_settings())


def ask_pyiceberg():
    import pyiceberg
    table = catalogue().load_table(("lake", order["table"]))
    for question in order["questions"]:
        condition = filter_of(question, "'{}+00:00'")
        scan = table.scan(row_filter=condition or "true", snapshot_id=order["snapshot"])
        yield question["name"], of_arrow(scan.to_arrow())
    order["version"] = pyiceberg.__version__


def ask_polars():
    import polars
    source = catalogue().load_table(("lake", order["table"])) if order["rest"] else order["metadata"]
    lazy = polars.scan_iceberg(
        source, snapshot_id=order["snapshot"], storage_options=bucket_settings() or None)
    context = polars.SQLContext(t=lazy)
    for question in order["questions"]:
        where = where_of(question, "cast('{}+00:00' as timestamptz)")
        frame = context.execute(f"select {COLUMNS} from t{where}").collect()
        yield question["name"], answer(*frame.row(0))
    order["version"] = polars.__version__


def ask_daft():
    import daft
    table = catalogue().load_table(("lake", order["table"]))
    t = daft.read_iceberg(table, snapshot_id=order["snapshot"])
    for question in order["questions"]:
        condition = filter_of(question, "to_datetime('{}+00:00', '%+', 'UTC')")
        # It prunes every file by one partitioning, also those that have another; by a time that is computed it doesn't.
        if condition and len(table.specs()) > 1:
            condition = re.sub(r"\btime\b", "time + interval '0 seconds'", condition)
        frame = t.where(condition) if condition else t
        row = daft.sql(f"select {COLUMNS} from frame").to_pylist()[0]
        yield question["name"], answer(row["n"], row["price"], row["size"], row["first"], row["last"])
    order["version"] = daft.__version__


def ask_chdb():
    import chdb
    # It reads nothing outside of where it is.
    os.chdir('/')
    source = f"icebergLocal('{order['folder']}', 'Parquet')"
    if order["s3"]:
        folder = order["metadata"].split("/metadata/")[0].removeprefix("s3://")
        source = (f"icebergS3('{order['s3']['url']}/{folder}', '{order['s3']['key']}', "
                  f"'{order['s3']['secret']}', 'Parquet')")
    for question in order["questions"]:
        where = where_of(question, "toDateTime64('{}', 6, 'UTC')")
        time = "toUnixTimestamp64Micro(toDateTime64({}(time), 6, 'UTC'))"
        settings = f" settings iceberg_snapshot_id = {order['snapshot']}" if order["snapshot"] else ""
        text = str(chdb.query(
            f"select count(), toString(sum(price)), sum(size), {time.format('min')}, {time.format('max')} "
            f"from {source}{where}{settings}", "JSONCompactEachRow"))
        n, price, size, first, last = json.loads(text)
        # It gives the sum of no rows as null or 0, and their smallest time as 1970.
        some = int(n) > 0
        yield question["name"], {
            "rows": int(n),
            "price": format(Decimal(price).normalize(), "f") if some else None,
            "size": int(size) if some else None,
            "first": int(first) if some else None,
            "last": int(last) if some else None}
    order["version"] = chdb.__version__


def ask_duckdb():
    import duckdb
    from duckdb_extensions import import_extension
    for extension in ("avro", "httpfs", "iceberg"):
        import_extension(extension)
    connection = duckdb.connect()
    connection.execute("load iceberg; load httpfs; set TimeZone = 'UTC'")
    if order["s3"]:
        host = order["s3"]["url"].removeprefix("http://")
        connection.execute(
            f"create secret (type s3, endpoint '{host}', region '{order['s3']['region']}', url_style path, use_ssl false, "
            f"key_id '{order['s3']['key']}', secret '{order['s3']['secret']}')")
    if order["rest"]:
        connection.execute(
            f"attach 'any' as tierd (type iceberg, endpoint '{order['rest']}', token '{order['token']}')")
        version = f" at (version => {order['snapshot']})" if order["snapshot"] else ""
        source = f"tierd.lake.{order['table']}{version}"
    else:
        version = f", snapshot_from_id => {order['snapshot']}" if order["snapshot"] else ""
        source = f"iceberg_scan('{order['metadata']}'{version})"
    for question in order["questions"]:
        row = connection.execute(f"select {COLUMNS} from {source}{where_of(question)}").fetchone()
        yield question["name"], answer(*row)
    order["version"] = duckdb.__version__


def ask_of_spark(session):
    version = f" version as of {order['snapshot']}" if order["snapshot"] else ""
    micro = COLUMNS.replace("min(time)", "unix_micros(min(time))").replace("max(time)", "unix_micros(max(time))")
    for question in order["questions"]:
        where = where_of(question, "timestamp '{} UTC'")
        row = session.sql(f"select {micro} from tierd.lake.{order['table']}{version}{where}").collect()[0]
        yield question["name"], {**answer(*row[:3], None, None), "first": row[3], "last": row[4]}
    order["version"] = session.version


def catalogue_settings():
    """Of Spark's: the REST catalogue, or the SQL one, which takes the catalogue's name for its own."""
    files = {}
    if order["s3"]:
        files = {
            "io-impl": "org.apache.iceberg.aws.s3.S3FileIO", "client.region": order["s3"]["region"],
            "s3.endpoint": order["s3"]["url"], "s3.path-style-access": "true",
            "s3.access-key-id": order["s3"]["key"], "s3.secret-access-key": order["s3"]["secret"]}
    if order["rest"]:
        return {"type": "rest", "uri": order["rest"], "token": order["token"], **files}
    user, password, place = re.match(r"\w+://([^:@]+)(?::([^@]*))?@(.*)", order["database"]).groups()
    joined = "&" if "?" in place else "?"
    return {
        "type": "jdbc", "uri": f"jdbc:postgresql://{place}{joined}currentSchema=tierd", "jdbc.user": user,
        "jdbc.password": password or "", "jdbc.schema-version": "V1", "jdbc.init-catalog-tables": "false",
        "warehouse": "file:///nowhere", **files}


def ask_spark():
    from pyspark.sql import SparkSession
    builder = SparkSession.builder.master(os.environ.get("TIERD_TEST_SPARK_MASTER", "local[2]"))
    settings = {
        "spark.jars": os.environ["TIERD_TEST_SPARK_JARS"],
        "spark.ui.enabled": "false",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.catalog.tierd": "org.apache.iceberg.spark.SparkCatalog",
        # Else it goes on with the table that it has seen.
        "spark.sql.catalog.tierd.cache-enabled": "false",
        **{f"spark.sql.catalog.tierd.{key}": value for key, value in catalogue_settings().items()}}
    for key, value in settings.items():
        builder = builder.config(key, value)
    session = builder.getOrCreate()
    yield from ask_of_spark(session)
    # Its workers are free for another.
    session.stop()


def ask_sail():
    """Spark Connect's server without Spark, for this one order."""
    import gc
    import socket
    import subprocess
    from pyspark.sql import SparkSession
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    found = (f'[{{type = "iceberg-rest", name = "tierd", uri = "{order["rest"]}", '
             f'bearer_access_token = "{order["token"]}"}}]')
    program = os.path.join(os.path.dirname(sys.executable), "sail")
    files = {}
    if order["s3"]:
        files = {
            "AWS_ACCESS_KEY_ID": order["s3"]["key"], "AWS_SECRET_ACCESS_KEY": order["s3"]["secret"],
            "AWS_REGION": order["s3"]["region"], "AWS_ENDPOINT": order["s3"]["url"], "AWS_ALLOW_HTTP": "true"}
    server = subprocess.Popen([program, "spark", "server", "--port", port],
                              env={**os.environ, **files, "SAIL_CATALOG__LIST": found}, stdout=sys.stderr)
    # Else the session of an order before is collected at any time, and where its client is just beginning a thread
    # both wait for each other.
    gc.collect()
    try:
        # The client waits for a server that is not up yet, and at its end for one that is gone.
        session = SparkSession.builder.remote(f"sc://127.0.0.1:{port}").getOrCreate()
        yield from ask_of_spark(session)
        session.stop()
        from importlib.metadata import version
        order["version"] = version("pysail")
    finally:
        server.kill()


def ask_trino():
    """Of a server that lets catalogues be made by SQL, whose address TIERD_TEST_TRINO has."""
    import urllib.request

    def run(sql):
        request = urllib.request.Request(
            os.environ["TIERD_TEST_TRINO"] + "/v1/statement", sql.encode(),
            {"X-Trino-User": "tierd", "X-Trino-Time-Zone": "UTC"})
        rows = []
        while True:
            page = json.load(urllib.request.urlopen(request))
            if "error" in page:
                raise RuntimeError(f"{page['error']['message']}: {sql}")
            rows += page.get("data", [])
            if "nextUri" not in page:
                return rows
            request = page["nextUri"]

    if order["rest"]:
        settings = {
            "iceberg.catalog.type": "rest", "iceberg.rest-catalog.uri": order["rest"],
            "iceberg.rest-catalog.security": "OAUTH2", "iceberg.rest-catalog.oauth2.token": order["token"]}
    else:
        user, password, place = re.match(r"\w+://([^:@]+)(?::([^@]*))?@(.*)", order["database"]).groups()
        joined = "&" if "?" in place else "?"
        settings = {
            "iceberg.catalog.type": "jdbc", "iceberg.jdbc-catalog.driver-class": "org.postgresql.Driver",
            "iceberg.jdbc-catalog.connection-url": f"jdbc:postgresql://{place}{joined}currentSchema=tierd",
            "iceberg.jdbc-catalog.connection-user": user, "iceberg.jdbc-catalog.connection-password": password or "",
            "iceberg.jdbc-catalog.catalog-name": "tierd", "iceberg.jdbc-catalog.default-warehouse-dir": "file:///nowhere"}
    if order["s3"]:
        settings |= {
            "fs.native-s3.enabled": "true", "s3.endpoint": order["s3"]["url"], "s3.region": order["s3"]["region"],
            "s3.path-style-access": "true", "s3.aws-access-key": order["s3"]["key"],
            "s3.aws-secret-key": order["s3"]["secret"]}
    else:
        settings |= {"fs.native-local.enabled": "true", "local.location": "/"}
    catalog = f"tierd_{os.getpid()}"
    given = ", ".join(f"\"{key}\" = '{value}'" for key, value in settings.items())
    run(f"create catalog {catalog} using iceberg with ({given})")
    try:
        version = f" for version as of {order['snapshot']}" if order["snapshot"] else ""
        micro = ", ".join(f"cast(to_unixtime({bound}(time)) * 1000000 as decimal(20, 0))" for bound in ("min", "max"))
        for question in order["questions"]:
            where = where_of(question, "from_iso8601_timestamp('{}Z')")
            *sums, first, last = run(f"select count(*), sum(price), sum(size), {micro} "
                      f"from {catalog}.lake.{order['table']}{version}{where}")[0]
            yield question["name"], {
                **answer(*sums, None, None), "first": first and int(first), "last": last and int(last)}
        order["version"] = run("select version()")[0][0]
    finally:
        run(f"drop catalog {catalog}")


ENGINES = {
    "pyiceberg": ask_pyiceberg,
    "polars": ask_polars,
    "daft": ask_daft,
    "chdb": ask_chdb,
    "duckdb": ask_duckdb,
    "spark": ask_spark,
    "sail": ask_sail,
    "trino": ask_trino,
}
# What an engine prints is none of the answers.
answers = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)
for line in sys.stdin:
    order = json.loads(line)
    try:
        answered = dict(ENGINES[order["engine"]]())
        print(json.dumps({"version": order["version"], "answers": answered}), file=answers, flush=True)
    except Exception:
        print(json.dumps({"error": traceback.format_exc()}), file=answers, flush=True)
