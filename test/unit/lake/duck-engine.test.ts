/** What an engine takes from its process, and that it gives all of it back. */
import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DataChunk } from '@duckdb/node-bindings';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { type DuckConnection, DuckEngine } from '../../../src/lake/segment/duckdb.ts';

const MEMORY_LIMIT_BYTES = 256 << 20;
/** Each but one is a thread of the process for as long as the engine lives. */
const THREADS = 4;

let tempDirectory: string;

beforeAll(async () => {
  tempDirectory = await mkdtemp(join(tmpdir(), 'tierd-engine-'));
  // The first one also starts libuv's pool, which stays.
  (await open()).close();
});

afterAll(async () => {
  await rm(tempDirectory, { recursive: true });
});

const open = (): Promise<DuckEngine> =>
  DuckEngine.open({ memoryLimitBytes: MEMORY_LIMIT_BYTES, threads: THREADS, tempDirectory });

const threadsOfProcess = (): number => readdirSync('/proc/self/task').length;

/** Address space, whether memory stands behind it or not. */
function mappedBytes(): number {
  const kilobytes = /^VmSize:\s+(\d+) kB$/mu.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
  return Number(kilobytes) * 1024;
}

async function countAll(chunks: AsyncIterable<DataChunk>): Promise<number> {
  let count = 0;
  for await (const _chunk of chunks) count += 1;
  return count;
}

describe('an engine', () => {
  it('maps no more than a few times its memory limit: a fork must be able to copy it', async () => {
    const before = mappedBytes();
    for (let n = 0; n < 3; n += 1) {
      const engine = await open();
      onTestFinished(() => engine.close());
    }
    expect(mappedBytes() - before).toBeLessThan(3 * 4 * MEMORY_LIMIT_BYTES);
  });

  it.each<[string, (connection: DuckConnection) => Promise<unknown>]>([
    ['was read to its end', (connection) => countAll(connection.stream('from range(5000)'))],
    [
      'was left halfway',
      async (connection) => {
        for await (const _chunk of connection.stream('from range(10000000)')) break;
      },
    ],
    [
      'was left because its reader failed',
      async (connection) => {
        const reading = (async () => {
          for await (const _chunk of connection.stream('from range(10000000)')) {
            throw new RangeError('not like this');
          }
        })();
        await expect(reading).rejects.toThrow('not like this');
      },
    ],
    [
      'failed at once',
      (connection) =>
        expect(countAll(connection.stream(`select error('no') from range(9)`))).rejects.toThrow(
          'no',
        ),
    ],
    [
      'was interrupted',
      async (connection) => {
        for await (const _chunk of connection.stream('from range(10000000)')) {
          connection.interrupt();
        }
      },
    ],
    ['was collected', (connection) => connection.materialise('from range(5000)')],
  ])('is gone when it is closed, after a result that %s', async (_how, use) => {
    const before = threadsOfProcess();
    const engine = await open();
    const connection = await engine.connect();
    expect(threadsOfProcess()).toBe(before + THREADS - 1);
    await use(connection);
    connection.close();
    engine.close();
    expect(threadsOfProcess()).toBe(before);
  });

  it('lets its connection go on after a result that was left halfway', async () => {
    const engine = await open();
    onTestFinished(() => engine.close());
    const connection = await engine.connect();
    for await (const _chunk of connection.stream('from range(10000000)')) break;
    expect(await countAll(connection.stream('from range(5000)'))).toBe(3);
    connection.close();
  });
});
