/** The columns of the datasets, asked for once each, when Tab is pressed. */
import type { TierdConfig } from '../../config/load.ts';
import type { QueryProcesses } from '../../query/process/query-processes.ts';
import type { CliContext } from '../context.ts';
import { startQuery } from '../rooms/start-query.ts';
import { describeSql } from './texts.ts';

/** So long somebody waits for candidates. */
const PATIENCE_MS = 10_000;

export class KnownColumns {
  readonly #context: CliContext;
  readonly #config: TierdConfig;
  readonly #processes: QueryProcesses;
  readonly #known = new Map<string, readonly string[]>();

  constructor(context: CliContext, config: TierdConfig, processes: QueryProcesses) {
    this.#context = context;
    this.#processes = processes;
    this.#config = config;
  }

  /** Never rejects: who gets no candidates types on, and the query says what is wrong. */
  async of(datasets: readonly string[]): Promise<ReadonlyMap<string, readonly string[]>> {
    const missing = datasets.filter((name) => !this.#known.has(name));
    await Promise.all(
      missing.map(async (name) => {
        const columns = await this.#ask(name).catch(() => null);
        if (columns !== null) this.#known.set(name, columns);
      }),
    );
    return this.#known;
  }

  async #ask(name: string): Promise<readonly string[]> {
    let lines = '';
    await startQuery(
      this.#processes,
      this.#config,
      this.#context,
      {
        sql: describeSql(name),
        parameters: [],
        explain: false,
        format: 'ndjson',
        output: null,
        terminal: null,
        terminalWidth: null,
      },
      {
        signal: AbortSignal.timeout(PATIENCE_MS),
        write: async (part) => void (lines += part.toString()),
        warn: () => undefined,
      },
    );
    return lines
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => (JSON.parse(line) as { readonly column_name: string }).column_name);
  }
}
