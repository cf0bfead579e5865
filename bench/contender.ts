/**
 * One way to archive, or a part of one, run in a process of its own: what it is given, what it
 * answers. It reads its job from the last argument and prints one JSON object.
 */
import { fileURLToPath } from 'node:url';
import { runChild } from './child.ts';
import { cpuSeconds } from './cpu.ts';

export interface Job {
  readonly url: string;
  readonly table: string;
  /** One COPY, query or file for each: a day. */
  readonly slices: readonly Slice[];
  readonly sortBy: readonly string[];
  /** tierd's, for the same table. */
  readonly configFile: string;
  /** An empty folder on the disk that all contenders write to. */
  readonly outDir: string;
  /** argv to which psql's arguments are appended. */
  readonly psql: readonly string[];
  readonly columns: readonly { readonly name: string; readonly duckdbType: string }[];
  /** For a contender that is too slow for all rows: a condition that leaves some of the first slice. */
  readonly fewRows: string;
}

export interface Slice {
  /** ISO 8601. */
  readonly from: string;
  readonly to: string;
}

export interface Outcome {
  readonly rows: number;
  /** Of the work alone: starting the process, loading modules and connecting do not count. */
  readonly seconds: number;
  /** Processor time of the work, by the process and all it started, but not by PostgreSQL. */
  readonly cpuSeconds: number;
  /** What went over the wire, or what was written. */
  readonly bytes: number;
  readonly details?: Readonly<Record<string, number>>;
}

const FOLDER = fileURLToPath(new URL('./contenders/', import.meta.url));

/** The query of one slice: the same for everybody. */
export function selectSlice(job: Job, slice: Slice): string {
  const columns = job.columns.map(({ name }) => name).join(', ');
  return `select ${columns} from ${job.table} where time >= '${slice.from}' and time < '${slice.to}'`;
}

export async function runContender(name: string, job: Job): Promise<Outcome> {
  const program = `${FOLDER}${name}.ts`;
  const ended = await runChild(
    [process.execPath, '--import', 'tsx', program, JSON.stringify(job)],
    {
      // As tierd sets it for itself: DuckDB works on the pool that files are read with.
      env: { UV_THREADPOOL_SIZE: '16' },
    },
  );
  return JSON.parse(ended.stdout) as Outcome;
}

export type Archived = Omit<Outcome, 'seconds' | 'cpuSeconds'>;

export interface Prepared {
  /** What is timed. */
  readonly work: () => Promise<Archived>;
  readonly close?: () => Promise<void>;
}

/** The other end of `runContender`. */
export async function compete(prepare: (job: Job) => Promise<Prepared> | Prepared): Promise<void> {
  const job = JSON.parse(process.argv.at(-1) ?? '') as Job;
  const { work, close } = await prepare(job);
  const startedAt = performance.now();
  const cpuBefore = cpuSeconds('self');
  const archived = await work();
  const seconds = (performance.now() - startedAt) / 1000;
  const outcome: Outcome = { ...archived, seconds, cpuSeconds: cpuSeconds('self') - cpuBefore };
  await close?.();
  process.stdout.write(JSON.stringify(outcome));
}
