import { connect as connectSocket, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ColumnBatch } from '../../../src/domain/columns/column-batch.ts';
import { planColumns } from '../../../src/domain/columns/plan-columns.ts';
import { TierdError } from '../../../src/domain/errors.ts';
import {
  type ExportedSlice,
  type ExportOptions,
  exportRows,
} from '../../../src/hot/copy/copy-stream.ts';
import { connect } from '../../../src/hot/server/connect.ts';
import { describeTable } from '../../../src/hot/table/introspect.ts';
import { inTransaction } from '../../../src/hot/transaction.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';

let database: TestDatabase;

const ROWS = 200_000;

beforeAll(async () => {
  database = await createTestDatabase();
  await database.query(`
    create table ticks (at timestamptz not null, symbol text, price float8);
    insert into ticks select '2024-01-15'::timestamptz + i * interval '1 ms', 'S' || i % 100, i
    from generate_series(1, ${ROWS}) i`);
});

type Partly = Partial<Omit<ExportOptions, 'columns'>>;

async function exportTicks(by: pg.Client, options: Partly = {}): Promise<ExportedSlice> {
  const doing = { doing: 'testing', isolation: 'repeatable read', readOnly: true } as const;
  return inTransaction(by, doing, () => exportInTransaction(by, options));
}

async function exportInTransaction(by: pg.Client, options: Partly): Promise<ExportedSlice> {
  const table = await describeTable(by, { schema: 'public', name: 'ticks' }, 'at');
  return exportRows({
    client: by,
    dataset: 'ticks',
    sql: 'select at, symbol, price from public.ticks',
    columns: planColumns(table.columns, {}).columns,
    onBatch: () => undefined,
    signal: new AbortController().signal,
    ...options,
  });
}

async function expectUsable(by: pg.Client): Promise<void> {
  expect((await by.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
  expect((await exportTicks(by)).rows).toBe(ROWS);
}

/** As tierd connects, and as anybody does (which is how it is with TLS). */
const SOCKETS: Readonly<Record<string, (url: string) => Promise<pg.Client>>> = {
  'a socket that reads into one buffer': (url) => connect({ url, job: 'test' }),
  'a socket like any other': async (url) => {
    const client = new pg.Client({ connectionString: url });
    client.on('error', () => undefined);
    await client.connect();
    return client;
  },
};

describe.for(Object.entries(SOCKETS))('through %s', ([, open]) => {
  let client: pg.Client;

  beforeAll(async () => {
    client = await open(database.url);
  });

  afterAll(() => client.end());

  describe('an export', () => {
    it('hands every row over, reports progress and leaves the connection as it was', async () => {
      let rows = 0;
      const progress: number[] = [];
      const exported = await exportTicks(client, {
        onBatch: (batch) => {
          rows += batch.rows;
          return undefined;
        },
        onProgress: (done) => progress.push(done),
      });
      expect(exported.rows).toBe(ROWS);
      expect(rows).toBe(ROWS);
      expect(exported.fingerprint.rows).toBe(ROWS);
      expect(exported.bytes).toBeGreaterThan(ROWS * 20);
      expect(progress.at(-1)).toBe(ROWS);
      expect(progress.length).toBe(Math.ceil(ROWS / 2048));
      await expectUsable(client);
    });

    it('waits for a batch that takes its time, and reads no further meanwhile', async () => {
      let busy = false;
      let rows = 0;
      await exportTicks(client, {
        onBatch: async (batch: ColumnBatch) => {
          expect(busy).toBe(false);
          busy = true;
          const before = Buffer.from(batch.columns[2]!.data).toString('base64');
          await pause(1);
          expect(Buffer.from(batch.columns[2]!.data).toString('base64')).toBe(before);
          rows += batch.rows;
          busy = false;
        },
      });
      expect(rows).toBe(ROWS);
      await expectUsable(client);
    });

    it('keeps to so many rows a second', async () => {
      let now = 0;
      const started = performance.now();
      const sql = 'select at, symbol, price from public.ticks limit 20000';
      await exportTicks(client, {
        sql,
        maxRowsPerSecond: 40_000,
        clock: { now: () => (now += 1) },
      });
      expect(performance.now() - started).toBeGreaterThan(400);
    });

    it('hears notifications and warnings that arrive between the rows', async () => {
      const heard: string[] = [];
      const onNotification = ({ payload = '' }: pg.Notification): void => {
        heard.push(payload);
      };
      await client.query('listen word');
      await client.query(`
      create or replace function loud(int) returns int language plpgsql as
      $$ begin raise warning 'row %', $1; return $1; end $$`);
      client.on('notification', onNotification);
      client.on('notice', ({ message }) => heard.push(message ?? ''));
      const sql = `select at, symbol, public.loud(price::int)::float8 from public.ticks where price < 4`;
      expect((await exportTicks(client, { sql })).rows).toBe(3);
      await database.query(`notify word, 'after'`);
      await expect.poll(() => heard).toEqual(['row 1', 'row 2', 'row 3', 'after']);
      client.off('notification', onNotification);
    });

    it('refuses to run outside of a transaction, where text would depend on the session', async () => {
      await expect(exportInTransaction(client, {})).rejects.toMatchObject({ code: 'INTERNAL' });
      await expectUsable(client);
    });
  });

  describe('an export that fails', () => {
    it('because the server does half-way: names the SQLSTATE, and the connection lives', async () => {
      const sql = `select at, symbol, 1 / (price - 150000) from public.ticks`;
      await expect(exportTicks(client, { sql })).rejects.toMatchObject({
        code: 'POSTGRES_FAILED',
        context: { sqlstate: '22012' },
      });
      await expectUsable(client);
    });

    it('because the statement is wrong: the same', async () => {
      await expect(
        exportTicks(client, { sql: 'select nothing from public.ticks' }),
      ).rejects.toMatchObject({
        context: { sqlstate: '42703' },
      });
      await expectUsable(client);
    });

    it.for([
      [
        'at once',
        (): undefined => {
          throw new RangeError('no more room');
        },
      ],
      [
        'later',
        async (): Promise<void> => {
          await pause(1);
          throw new RangeError('no more room');
        },
      ],
    ] as const)(
      'because who takes the batches does, %s: its error comes through',
      async ([, onBatch]) => {
        await expect(exportTicks(client, { onBatch })).rejects.toThrow('no more room');
        await expectUsable(client);
      },
    );

    it('because the connection is cut half-way: is an error, never a short export', async () => {
      const doomed = await open(database.url);
      const { rows } = await doomed.query('select pg_backend_pid() as pid');
      const failure = exportTicks(doomed, {
        onBatch: async () => {
          await database.query('select pg_terminate_backend($1)', [rows[0].pid]);
        },
      });
      await expect(failure).rejects.toMatchObject({ code: 'POSTGRES_UNREACHABLE' });
    });

    it.for([1_000, 100_000, 3_000_000])(
      'because the line breaks after %i bytes: is an error, never a short export',
      async (bytes) => {
        const line = await openLine(database.url, bytes);
        const doomed = await open(line.url);
        await expect(exportTicks(doomed)).rejects.toBeInstanceOf(TierdError);
        await line.close();
      },
    );
  });

  describe('an export that is interrupted', () => {
    it.for(['before it begins', 'at its first batch', 'in the midst'] as const)(
      '%s: says so, and the connection lives',
      async (when) => {
        const controller = new AbortController();
        if (when === 'before it begins') controller.abort();
        let batches = 0;
        const failure = exportTicks(client, {
          signal: controller.signal,
          onBatch: () => {
            batches += 1;
            if (when === 'at its first batch' || batches === 20) controller.abort();
            return undefined;
          },
        });
        await expect(failure).rejects.toMatchObject({ code: 'INTERRUPTED', exitCode: 130 });
        await expectUsable(client);
      },
    );

    it('before the first row came: does not wait for it', async () => {
      const controller = new AbortController();
      const started = performance.now();
      const sql = `select at, symbol, price from public.ticks, pg_sleep(60)`;
      const failure = exportTicks(client, { sql, signal: controller.signal });
      setTimeout(() => controller.abort(), 100);
      await expect(failure).rejects.toMatchObject({ code: 'INTERRUPTED' });
      expect(performance.now() - started).toBeLessThan(5_000);
      await expectUsable(client);
    });

    it('for a reason of its own: gives that reason', async () => {
      const reason = new TierdError({ code: 'LEASE_LOST', message: 'the lease is gone' });
      const failure = exportTicks(client, { signal: AbortSignal.abort(reason) });
      await expect(failure).rejects.toBe(reason);
      await expectUsable(client);
    });
  });
});

interface Line {
  readonly url: string;
  close(): Promise<void>;
}

let lines: Server[] = [];
afterAll(() => {
  for (const line of lines) line.close();
  lines = [];
});

/** A line to the server that breaks after so many bytes of answers. */
async function openLine(url: string, maxBytes: number): Promise<Line> {
  const target = new URL(url);
  const sockets: Socket[] = [];
  const server = createServer((near) => {
    const far = connectSocket(Number(target.port), target.hostname);
    sockets.push(near, far);
    let passed = 0;
    near.pipe(far);
    far.on('data', (chunk) => {
      passed += chunk.length;
      if (passed <= maxBytes) near.write(chunk);
      else near.destroy();
    });
    for (const socket of [near, far]) socket.on('error', () => undefined);
  });
  lines.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const through = new URL(url);
  const address = server.address();
  through.hostname = '127.0.0.1';
  through.port = String(typeof address === 'object' ? address?.port : '');
  return {
    url: through.href,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
