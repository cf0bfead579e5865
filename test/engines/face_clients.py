"""Asks PostgreSQL and the PostgreSQL face the same by psycopg, asyncpg, SQLAlchemy and pandas, and prints both answers of each question.

Order, as JSON on stdin: {"postgres": url, "face": {"host", "port", "user", "password", "dbname"}}. PostgreSQL has the rows in `whole`, of
the face they are the dataset `kinds`, of the columns of that table.
"""
import asyncio
import datetime
import decimal
import io
import json
import sys

import asyncpg
import pandas
import psycopg
import sqlalchemy

order = json.load(sys.stdin)
FACE = order["face"]
COLUMNS = "time, id, b, i2, i8, f4, f8, n, t, v, c, d, ts, tm, iv, u, by, j, jb, ia, ta, m, ip"
SETTINGS = ["set timezone = 'UTC'", "set intervalstyle = 'postgres'", "set extra_float_digits = 1", "set datestyle = 'ISO'", "set bytea_output = 'hex'"]
answers = []


def note(name, ask):
    given = []
    for on_face in (False, True):
        try:
            given.append(repr(ask(on_face, "kinds" if on_face else "whole")).replace("whole", "kinds"))
        except Exception as error:
            given.append(f"{type(error).__name__} {getattr(error, 'sqlstate', None)} {error}"[:500])
    answers.append({"name": name, "postgres": given[0], "face": given[1]})


def by_psycopg(name, ask):
    def asked(on_face, table):
        with psycopg.connect(**FACE) if on_face else psycopg.connect(order["postgres"]) as db:
            for setting in SETTINGS:
                db.execute(setting)
            return ask(db, table)

    note(f"psycopg: {name}", asked)


def server_cursor(db, table, binary):
    with db.cursor(name="some", binary=binary) as cursor:
        cursor.itersize = 17
        cursor.execute(f"select {COLUMNS} from {table} order by id")
        return [one.name for one in cursor.description], [cursor.fetchone(), *cursor.fetchmany(3), *cursor]


def failing(db, table):
    states = []
    for sql in (f"select nothing from {table}", "select 1"):
        try:
            db.execute(sql)
        except psycopg.Error as error:
            states.append(error.sqlstate)
    db.rollback()
    return states, db.execute("select 1").fetchall()


def pipelined(db, table):
    with db.pipeline():
        counted = db.execute(f"select count(*) from {table}")
        largest = db.execute(f"select max(id) from {table} where id < %s", (20,))
        return counted.fetchall(), largest.fetchall()


def copied(db, table):
    with db.cursor().copy(f"copy (select {COLUMNS} from {table} order by id) to stdout") as copy:
        return list(copy.rows())


VALUES = (5, decimal.Decimal("5.625"), "té5", datetime.date(2024, 1, 6), datetime.datetime(2024, 1, 1, tzinfo=datetime.timezone.utc))
by_psycopg("all types", lambda db, table: db.execute(f"select {COLUMNS} from {table} order by id").fetchall())
by_psycopg("all types in binary", lambda db, table: db.cursor(binary=True).execute(f"select {COLUMNS} from {table} order by id").fetchall())
by_psycopg("descriptions", lambda db, table: [tuple(one) for one in db.execute(f"select {COLUMNS} from {table} limit 1").description])
for mark in "%s", "%b":
    by_psycopg(f"parameters as {mark}", lambda db, table: db.execute(f"select id from {table} where id = {mark} and n = {mark} and t = {mark} and d = {mark} and time > {mark}", VALUES).fetchall())
    by_psycopg(f"arrays as {mark}", lambda db, table: db.execute(f"select id from {table} where id = any({mark}) or t = any({mark}) order by id", ([1, 2], ["té5", None, 'q"\\'])).fetchall())
for binary in False, True:
    by_psycopg(f"a server-side cursor, binary {binary}", lambda db, table: server_cursor(db, table, binary))
by_psycopg("errors", failing)
by_psycopg("a pipeline", pipelined)
by_psycopg("copy", copied)


def by_asyncpg(name, ask):
    async def asked(on_face, table):
        place = {**FACE, "database": FACE["dbname"]} if on_face else {"dsn": order["postgres"]}
        place.pop("dbname", None)
        db = await asyncpg.connect(timeout=60, **place)
        try:
            for setting in SETTINGS:
                await db.execute(setting)
            return await ask(db, table)
        finally:
            await db.close(timeout=10)

    note(f"asyncpg: {name}", lambda on_face, table: asyncio.run(asked(on_face, table)))


async def some_at_a_time(db, table):
    async with db.transaction():
        return [row async for row in db.cursor(f"select {COLUMNS} from {table} order by id", prefetch=7)]


async def lent_again(db, _):
    await db.execute("select 1")
    await db.reset()
    return await db.fetchval("select 2")


async def prepared(db, table):
    statement = await db.prepare(f"select id, m, ta from {table} where n > $1 order by id")
    return [str(one) for one in statement.get_attributes()], [str(one) for one in statement.get_parameters()], await statement.fetch(decimal.Decimal(20))


async def into_csv(db, table):
    out = io.BytesIO()
    await db.copy_from_query(f"select {COLUMNS} from {table} order by id", output=out, format="csv")
    return out.getvalue()


by_asyncpg("all types", lambda db, table: db.fetch(f"select {COLUMNS} from {table} order by id"))
by_asyncpg("parameters", lambda db, table: db.fetch(f"select id from {table} where id = $1 and n = $2 and t = $3 and d = $4 and time > $5", *VALUES))
by_asyncpg("arrays", lambda db, table: db.fetch(f"select id from {table} where id = any($1) or t = any($2::text[]) order by id", [1, 2], ["té5", None]))
by_asyncpg("a cursor", some_at_a_time)
by_asyncpg("a connection that is lent again", lent_again)
by_asyncpg("a prepared statement", prepared)
by_asyncpg("copy", into_csv)


def by_sqlalchemy(name, ask):
    def asked(on_face, table):
        url = sqlalchemy.make_url(order["postgres"].replace("postgres://", "postgresql://")).set(drivername="postgresql+psycopg")
        if on_face:
            url = sqlalchemy.URL.create("postgresql+psycopg", FACE["user"], FACE["password"], FACE["host"], FACE["port"], FACE["dbname"])
        engine = sqlalchemy.create_engine(url, connect_args={"options": "-c timezone=UTC -c extra_float_digits=1 -c datestyle=ISO -c intervalstyle=postgres"})
        try:
            return ask(engine, table)
        finally:
            engine.dispose()

    note(name, asked)


for method, of in ("get_table_names", []), ("get_view_names", []), ("get_enums", []), ("get_columns", ["kinds"]), ("get_pk_constraint", ["kinds"]), ("get_indexes", ["kinds"]), ("get_foreign_keys", ["kinds"]), ("get_table_comment", ["kinds"]):
    by_sqlalchemy(f"SQLAlchemy: {method}", lambda engine, _: getattr(sqlalchemy.inspect(engine), method)(*of))

READ = "select time, id, b, i8, f8, n, t, ts, d from {} order by id"
by_sqlalchemy("pandas: read_sql", lambda engine, table: pandas.read_sql(sqlalchemy.text(READ.format(table)), engine).to_csv())
by_sqlalchemy("pandas: read_sql with a value", lambda engine, table: pandas.read_sql(sqlalchemy.text(f"select count(*), sum(n) from {table} where id > :least limit :most"), engine, params={"least": 3, "most": 5}).to_csv())


def in_chunks(engine, table):
    with engine.connect().execution_options(stream_results=True) as db:
        return [part.to_csv() for part in pandas.read_sql(sqlalchemy.text(READ.format(table)), db, chunksize=9)]


by_sqlalchemy("pandas: read_sql in chunks", in_chunks)
print(json.dumps(answers))
