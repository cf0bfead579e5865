/** People who look while all of it happens: `tierd query` and the status page. */
import { execFile } from 'node:child_process';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { SoakScene } from './scene.ts';
import { TABLES } from './writers.ts';

const TIERD = fileURLToPath(new URL('../../dist/main.js', import.meta.url));
const run = promisify(execFile);

export interface Readers {
  readonly queries: {
    readonly answered: number;
    readonly failed: number;
    /** Why: the error's code. */
    readonly reasons: Readonly<Record<string, number>>;
  };
  readonly requests: { readonly answered: number; readonly failed: number };
  /** Answers that can't be true: a number twice. */
  readonly wrong: readonly string[];
  stop(): Promise<void>;
}

/** One query and a look at each status page, and so on. A server that is away fails a query. */
export function startReaders(scene: SoakScene, everyMs: number): Readers {
  const over = new AbortController();
  const queries = { answered: 0, failed: 0, reasons: {} as Record<string, number> };
  const requests = { answered: 0, failed: 0 };
  const wrong: string[] = [];
  const rest = (ms: number): Promise<unknown> =>
    pause(ms, undefined, { signal: over.signal }).catch(() => undefined);
  const asking = (async () => {
    const tables = Object.keys(TABLES);
    for (let turn = 0; !over.signal.aborted; turn += 1) {
      const table = tables[turn % tables.length] ?? '';
      const answer = await ask(scene, table);
      if (typeof answer === 'string') {
        queries.failed += 1;
        queries.reasons[answer] = (queries.reasons[answer] ?? 0) + 1;
      } else {
        queries.answered += 1;
        if (answer.rows !== answer.numbers) {
          wrong.push(`${table}: ${String(answer.rows)} rows of ${String(answer.numbers)} numbers`);
        }
      }
      await rest(everyMs);
    }
  })();
  const looking = (async () => {
    while (!over.signal.aborted) {
      for (const { page } of scene.configs) {
        for (const path of ['/status', '/metrics', '/readyz', '/v1/runs']) {
          if (await answers(`${page}${path}`)) requests.answered += 1;
          else requests.failed += 1;
        }
      }
      await rest(1_000);
    }
  })();
  return {
    queries,
    requests,
    wrong,
    async stop() {
      over.abort();
      await Promise.all([asking, looking]);
    },
  };
}

/** The answer, or the code of the error. */
async function ask(
  scene: SoakScene,
  table: string,
): Promise<{ readonly rows: number; readonly numbers: number } | string> {
  const sql = `select count(*) as rows, count(distinct n) as numbers from ${table}`;
  const argv = [
    TIERD,
    'query',
    sql,
    '--format',
    'ndjson',
    '--config',
    scene.configs[0]?.file ?? '',
  ];
  try {
    const { stdout } = await run(process.execPath, argv, { cwd: scene.directory });
    const row = JSON.parse(stdout) as { rows: number | string; numbers: number | string };
    return { rows: Number(row.rows), numbers: Number(row.numbers) };
  } catch (error) {
    const { stderr = '' } = error as { readonly stderr?: string };
    return /code +(\w+)/.exec(stderr)?.[1] ?? stderr.slice(0, 200);
  }
}

async function answers(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(10_000) });
    await response.arrayBuffer();
    return response.status < 500 || response.status === 503;
  } catch {
    return false;
  }
}
