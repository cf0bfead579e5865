/**
 * Other engines read tierd's Iceberg tables as PostgreSQL had the rows before they moved. Runs where
 * TIERD_TEST_ENGINES names a Python that has them: docs/iceberg.md says which and how.
 */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { beforeAll, describe, expect, it } from 'vitest';
import { icebergDesk } from '../../src/cli/daemon/iceberg-desk.ts';
import { rotateDataset } from '../../src/jobs/rotate.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { type Bench, daysAgo, makeDataset, openBench } from '../support/rotation.ts';
import { LEADING, open, QUERY, TOKENS } from '../unit/http/scene.ts';

const PYTHON = process.env['TIERD_TEST_ENGINES'] ?? 'python3';
/** Each by the REST catalogue as well, where it can; chdb is given the folder. */
const ALL = 'pyiceberg,pyiceberg rest,polars,polars rest,daft,daft rest,chdb,duckdb,duckdb rest';
const ENGINES = (process.env['TIERD_TEST_ENGINES_ONLY'] ?? ALL).split(',');

/** As the questions have it. */
function utc(age: number): string {
  return new Date(daysAgo(age)).toISOString().slice(0, 19);
}

interface Question {
  readonly name: string;
  /** For PostgreSQL and the engines alike. */
  readonly filter: string | null;
}

interface Answer {
  readonly rows: number;
  readonly price: string | null;
  readonly size: number | null;
  readonly first: number | null;
  readonly last: number | null;
}

type Answers = Readonly<Record<string, Answer>>;

const dataset = makeDataset('ticks', { iceberg: true });

const QUESTIONS: readonly Question[] = [
  { name: 'all', filter: null },
  { name: 'a key', filter: "symbol = 'ETH'" },
  { name: 'a key that is not there', filter: "symbol = 'ETHEREAL'" },
  { name: 'a long key', filter: `symbol = '${'long '.repeat(8)}'` },
  { name: 'a whole number', filter: 'size > 100' },
  { name: 'numbers among which NaN is none', filter: 'ratio < 100' },
  { name: 'a time', filter: `time >= {${utc(44)}}` },
  { name: 'a span of time', filter: `time >= {${utc(45)}} and time < {${utc(44)}}` },
];

/** That one of the columns that come later is there. */
const LATER: readonly Question[] = [...QUESTIONS, { name: 'a new column', filter: 'note = 3' }];

describe.each(ENGINES)('%s', (named) => {
  const [engine = '', by] = named.split(' ');
  let database: TestDatabase;
  let bench: Bench;

  beforeAll(async () => {
    database = await createTestDatabase();
  });

  it('answers as PostgreSQL did before the move, through all that happens to the table', async () => {
    bench = await openBench(database);
    await database.query(
      `create table ticks (time timestamptz not null, symbol text, price numeric(20,8), size int,
                           ratio float8, owner uuid, born date, doc jsonb)`,
    );
    for (const age of [45, 44, 43]) await insert(age, 300, '');
    const first = await askPostgres(QUESTIONS);
    await rotate();
    const old = await currentSnapshot();
    expect(await ask(QUESTIONS)).toEqual(first);

    // Late rows, a column renamed, its old name used again, one added, one widened, one dropped.
    await database.query('alter table ticks rename price to cost');
    await database.query('alter table ticks add note int');
    await database.query('alter table ticks alter size type bigint');
    await database.query('alter table ticks drop doc');
    await database.query('alter table ticks rename cost to price');
    await database.query(
      `insert into ticks select $1::timestamptz + n * interval '1 second', 'LATE', n, 3000000000 + n, null, null, null, n % 5
       from generate_series(1, 40) n`,
      [daysAgo(45)],
    );
    const later = await askPostgres(LATER);
    await rotate();
    const all = await ask(LATER);
    expect(all['a new column']).toEqual(later['a new column']);
    expect(all['all']).toEqual(together(first['all'], later['all']));
    expect(all['a key']).toEqual(first['a key']);

    // Time travel: what was true then is still to be read.
    expect((await ask([QUESTIONS[0] as Question], old))['all']).toEqual(first['all']);
  });

  function rotate() {
    return rotateDataset(bench.rooms, dataset, { force: true });
  }

  async function insert(age: number, rows: number, rest: string): Promise<void> {
    await database.query(
      `insert into ticks
       select $1::timestamptz + n * interval '1 minute' + interval '1 microsecond' * n,
              case n % 3 when 0 then 'ETH' when 1 then repeat('long ', 8) else 'Ünïcøde' end,
              n / 8.0, n, case when n % 7 = 0 then 'NaN'::float8 else n end, gen_random_uuid(),
              date '1969-12-31' + n, '{"a": 1}' ${rest}
       from generate_series(0, $2::int - 1) n`,
      [daysAgo(age), rows],
    );
  }

  async function askPostgres(questions: readonly Question[]): Promise<Answers> {
    const answers: Record<string, Answer> = {};
    for (const { name, filter } of questions) {
      const found = await database.query(
        `select count(*)::int as rows, trim_scale(sum(price))::text as price, sum(size)::text as size,
                (extract(epoch from min(time)) * 1000000)::bigint::text as first,
                (extract(epoch from max(time)) * 1000000)::bigint::text as last
         from ticks where time < $1 ${filter === null ? '' : `and ${asPostgres(filter)}`}`,
        [daysAgo(30)],
      );
      const row = found.rows[0] as Record<'size' | 'first' | 'last', string | null> &
        Pick<Answer, 'rows' | 'price'>;
      const numberOf = (value: string | null) => (value === null ? null : Number(value));
      answers[name] = {
        ...row,
        size: numberOf(row.size),
        first: numberOf(row.first),
        last: numberOf(row.last),
      };
    }
    return answers;
  }

  async function pointer(): Promise<string> {
    const found = await database.query('select metadata_location from tierd.iceberg_tables');
    return (found.rows[0] as { metadata_location: string }).metadata_location;
  }

  async function currentSnapshot(): Promise<number> {
    const found = await database.query(
      `select document->>'current-snapshot-id' as id from tierd.iceberg_metadata`,
    );
    return Number((found.rows[0] as { id: string }).id);
  }

  /** The daemon's catalogue. */
  function serve(): Promise<string> {
    const iceberg = icebergDesk(() => database.connect());
    const { server } = open(LEADING, { ...TOKENS, iceberg });
    return server.listen({ host: '127.0.0.1', port: 0 }).then((url) => `${url}/iceberg`);
  }

  async function ask(questions: readonly Question[], snapshot?: number): Promise<Answers> {
    const order = {
      engine,
      rest: by === 'rest' ? await serve() : null,
      token: QUERY,
      database: database.url,
      table: 'ticks',
      metadata: await pointer(),
      folder: join(bench.lake, '_iceberg/ticks'),
      snapshot: snapshot ?? null,
      questions,
    };
    const child = spawn(PYTHON, [join(import.meta.dirname, 'ask.py')]);
    child.stdin.end(JSON.stringify(order));
    const [out, errors] = await Promise.all([text(child.stdout), text(child.stderr)]);
    const last = out.trim().split('\n').at(-1) ?? '';
    if (!last.startsWith('{')) throw new Error(`${engine} gave no answer: ${errors}`);
    return (JSON.parse(last) as { answers: Answers }).answers;
  }
});

function asPostgres(filter: string): string {
  return filter.replaceAll(/\{([^}]*)\}/g, "timestamptz '$1+00'");
}

function together(a: Answer | undefined, b: Answer | undefined): Answer | undefined {
  if (a === undefined || b === undefined) return undefined;
  return {
    rows: a.rows + b.rows,
    price: String(Number(a.price) + Number(b.price)),
    size: (a.size ?? 0) + (b.size ?? 0),
    first: Math.min(a.first ?? Infinity, b.first ?? Infinity),
    last: Math.max(a.last ?? -Infinity, b.last ?? -Infinity),
  };
}
