/** Every way to ask about a table, and what each has to answer after so many transactions. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { TierdClient } from '../../src/client/client.ts';
import { DAY_MS } from '../../src/domain/time/time-range.ts';
import { runTierd, TIERD } from '../support/cli.ts';
import { readBeside } from './other-reader.ts';
import { SYMBOLS, type Truth, type TruthRow } from './truth.ts';
import type { ViewReader } from './view-reader.ts';
import type { Table } from './writer.ts';

export interface Question {
  readonly table: Table;
  readonly symbol: string;
}

export interface Surface {
  readonly name: string;
  /** @throws when it isn't answered */
  ask(question: Question): Promise<unknown>;
  /** @param batches transactions of the table that have committed */
  expected(truth: Truth, batches: number, question: Question): unknown;
}

/** Where to ask. */
export interface Asked {
  readonly directory: string;
  readonly config: string;
  readonly origin: string;
  readonly token: string;
  /** Of PostgreSQL. */
  readonly database: string;
}

type Json = Readonly<Record<string, unknown>>;

const LATEST = 20;
const BESIDE_EVERY_MS = 200;
const SNAPSHOT_AGE_MS = 400;

const statements = {
  /** Aggregated by PostgreSQL and DuckDB each for itself, and put together. */
  totals: ({ table }: Question) =>
    `select symbol, count(*) as rows, sum(amount) as total, min(n) as first, max(n) as last
     from ${table} group by symbol order by symbol`,
  /** Fetched as rows. */
  keys: ({ table, symbol }: Question) =>
    `select n, amount from ${table} where symbol = '${symbol}' order by n`,
  /** A table twice: both of one instant. */
  twice: ({ table }: Question) =>
    `select count(*) as rows, count(distinct a.n) as numbers from ${table} a join ${table} b using (n)`,
};

const truths = {
  totals: (truth: Truth, batches: number) =>
    SYMBOLS.map((symbol) => {
      const rows = truth.rows(batches, symbol);
      return {
        symbol,
        rows: rows.length,
        total: sumOf(rows),
        first: rows[0]?.n,
        last: Math.max(...rows.map(({ n }) => n)),
      };
    }),
  keys: (truth: Truth, batches: number, { symbol }: Question) =>
    truth.rows(batches, symbol).map(({ n, amount }) => ({ n, amount })),
  twice: (truth: Truth, batches: number) => {
    const rows = SYMBOLS.reduce((sum, symbol) => sum + truth.rows(batches, symbol).length, 0);
    return [{ rows, numbers: rows }];
  },
  latest: (truth: Truth, batches: number, { symbol }: Question) =>
    byTime(truth.rows(batches, symbol))
      .reverse()
      .slice(0, LATEST)
      .map(({ n, amount }) => ({ n, amount })),
  rows: (truth: Truth, batches: number, { symbol }: Question) =>
    byTime(truth.rows(batches, symbol)).map(({ n, amount }) => ({ n, amount })),
  bars: (truth: Truth, batches: number, { symbol }: Question) =>
    [...byDay(byTime(truth.rows(batches, symbol)))].map(([day, rows]) => {
      const amounts = rows.map(({ amount }) => amount);
      return {
        time: new Date(day * DAY_MS).toISOString().replace('.000Z', '.000000Z'),
        open: amounts[0],
        high: Math.max(...amounts),
        low: Math.min(...amounts),
        close: amounts.at(-1),
        rows: rows.length,
      };
    }),
  figures: (truth: Truth, batches: number) =>
    SYMBOLS.map((symbol) => {
      const rows = truth.rows(batches, symbol);
      return { symbol, count: rows.length, sum_amount: sumOf(rows) };
    }),
};

export function surfacesOf(
  asked: Asked,
  { shell, views }: { readonly shell: Shell; readonly views: ViewReader },
): readonly Surface[] {
  const client = new TierdClient({ url: asked.origin, token: asked.token });
  const byClient = (kind: keyof typeof statements): Surface => ({
    name: `client ${kind}`,
    ask: async (question) => plain(await client.queryToArray(statements[kind](question))),
    expected: truths[kind],
  });
  const byRoute = (
    kind: 'latest' | 'rows' | 'bars' | 'figures',
    path: (question: Question) => string,
  ): Surface => ({
    name: `/v1/datasets ${kind}`,
    ask: async (question) => await fetchRows(asked, path(question)),
    expected: truths[kind],
  });
  const of = ({ table }: Question): string => `/v1/datasets/${table}`;
  return [
    byClient('totals'),
    byClient('keys'),
    byClient('twice'),
    byRoute(
      'latest',
      (asks) => `${of(asks)}/latest?symbol=${asks.symbol}&limit=${String(LATEST)}&columns=n,amount`,
    ),
    byRoute(
      'rows',
      (asks) => `${of(asks)}/rows?symbol=${asks.symbol}&limit=100000&columns=n,amount`,
    ),
    byRoute('bars', (asks) => `${of(asks)}/bars?symbol=${asks.symbol}&timeframe=1d&price=amount`),
    byRoute('figures', (asks) => `${of(asks)}/aggregate?by=symbol&fn=count,sum(amount)`),
    {
      name: 'shell totals',
      ask: (question) => shell.ask(statements.totals(question)),
      expected: truths.totals,
    },
    {
      name: 'shell keys',
      ask: (question) => shell.ask(statements.keys(question)),
      expected: truths.keys,
    },
    {
      name: 'iceberg beside PostgreSQL',
      ask: async ({ table, symbol }) => {
        // It is the fastest by far, and would leave the others little of the machine.
        await pause(BESIDE_EVERY_MS);
        return readBeside(asked.database, table, symbol);
      },
      expected: truths.keys,
    },
    ...(['totals', 'keys', 'twice'] as const).map((kind) => ({
      name: `view ${kind}`,
      ask: async (question: Question) => plain(await views.ask(statements[kind](question))),
      expected: truths[kind],
    })),
    {
      name: 'view keys by cursor',
      ask: async (question) => plain(await views.askByCursor(statements.keys(question))),
      expected: truths.keys,
    },
    {
      name: 'view totals of an older snapshot',
      ask: async (question) =>
        plain(await views.askLater(statements.totals(question), SNAPSHOT_AGE_MS)),
      expected: truths.totals,
    },
    {
      name: 'command totals',
      ask: (question) => askCommand(asked, statements.totals(question)),
      expected: truths.totals,
    },
  ];
}

async function fetchRows({ origin, token }: Asked, path: string): Promise<unknown> {
  const response = await fetch(new URL(path, origin), {
    headers: { authorization: `Bearer ${token}` },
  });
  const body = await response.json();
  if (!response.ok) throw new Error(String((body as Json)['code']));
  return plain(body as Json[]);
}

async function askCommand({ directory, config }: Asked, sql: string): Promise<unknown> {
  const { exitCode, stdout, stderr } = await runTierd(
    ['query', '--config', config, '--format', 'ndjson', sql],
    { workingDirectory: directory },
  );
  if (exitCode !== 0) throw new Error(stderr);
  return plain(
    stdout
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as Json),
  );
}

/** `tierd query -i`: one process for many questions, begun again when it has ended. */
export class Shell {
  #child: ChildProcess | null = null;
  #lines: AsyncIterator<string> | null = null;

  readonly #directory: string;
  readonly #config: string;

  constructor({ directory, config }: Pick<Asked, 'directory' | 'config'>) {
    this.#directory = directory;
    this.#config = config;
  }

  /** @throws when the shell ends meanwhile */
  async ask(sql: string): Promise<unknown> {
    this.#child ??= this.#start();
    // What follows an answer is the answer to this.
    this.#child.stdin?.write(`${sql};\nselect 'end' as "end";\n`);
    const rows: Json[] = [];
    for (;;) {
      const line = await this.#lines?.next();
      if (line === undefined || line.done === true) {
        this.#child = null;
        throw new Error('the shell has ended');
      }
      const row = JSON.parse(line.value) as Json;
      if (row['end'] === 'end') return plain(rows);
      rows.push(row);
    }
  }

  async end(): Promise<void> {
    const child = this.#child;
    if (child === null) return;
    const ended = once(child, 'exit');
    child.stdin?.end();
    await ended;
  }

  #start(): ChildProcess {
    const child = spawn(
      process.execPath,
      [TIERD, 'query', '-i', '--config', this.#config, '--format', 'ndjson'],
      { cwd: this.#directory, stdio: ['pipe', 'pipe', 'ignore'] },
    );
    this.#lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    return child;
  }
}

const byTime = (rows: readonly TruthRow[]): TruthRow[] => rows.toSorted((a, b) => a.ms - b.ms);
function byDay(rows: readonly TruthRow[]): ReadonlyMap<number, readonly TruthRow[]> {
  const days = new Map<number, TruthRow[]>();
  for (const row of rows) {
    const day = Math.floor(row.ms / DAY_MS);
    const rowsOfDay = days.get(day) ?? [];
    rowsOfDay.push(row);
    days.set(day, rowsOfDay);
  }
  return days;
}

const sumOf = (rows: readonly TruthRow[]): number =>
  rows.reduce((sum, { amount }) => sum + amount, 0);

/** What is no number in JSON, because it might not fit one, is one here. */
function plain(rows: readonly Json[]): unknown {
  return rows.map((row) =>
    Object.fromEntries(
      Object.entries(row).map(([name, value]) => [
        name,
        typeof value === 'string' && /^-?\d+$/.test(value) ? Number(value) : value,
      ]),
    ),
  );
}
