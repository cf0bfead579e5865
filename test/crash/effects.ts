/**
 * Wraps what a rotation is given, so that the process kills itself at a chosen effect. An effect is
 * whatever changes something outside of the process: a call to the file system, or a statement
 * that writes, locks or ends a transaction.
 */
import type { Rooms } from '../../src/jobs/rotation/rooms.ts';
import type { FileSystem } from '../../src/lake/file-system.ts';
import type { S3Api } from '../../src/lake/s3/s3-api.ts';

/** `before`: the effect never happens. `sent`: it is on its way and nobody waits for the answer. */
export type KillMoment = 'before' | 'sent';

export interface EffectObserver {
  /** Called before each effect; `sent` is called once it is on its way. */
  before(label: string): void;
  sent(label: string): void;
}

const FILE_EFFECTS = [
  'makeDirectory',
  'writeNewFile',
  'copyIn',
  'syncFile',
  'syncDirectory',
  'link',
  'rename',
  'unlink',
  'removeDirectory',
] as const satisfies readonly (keyof FileSystem)[];

/** Statements that leave something behind, or end a transaction; locks and reads end with us. */
const WRITING =
  /^\s*(with gone|create|alter|insert|update|delete|drop|truncate|commit|vacuum|copy [^(]|select [\s\S]*drop_chunks)/i;

export function observeFileSystem(fs: FileSystem, observer: EffectObserver): FileSystem {
  const wrapped: Record<string, unknown> = { ...fs };
  for (const name of FILE_EFFECTS) {
    const effect = fs[name].bind(fs) as (...args: unknown[]) => Promise<void>;
    wrapped[name] = (...args: unknown[]): Promise<void> => {
      const label = `fs.${name}`;
      observer.before(label);
      const done = effect(...args);
      observer.sent(label);
      return done;
    };
  }
  return wrapped as unknown as FileSystem;
}

const S3_EFFECTS = [
  'put',
  'createUpload',
  'uploadPart',
  'completeUpload',
  'abortUpload',
  'remove',
] as const satisfies readonly (keyof S3Api)[];

/** A request is on its way for many turns: `sent` is called when the store has done it. */
export function observeS3(api: S3Api, observer: EffectObserver): S3Api {
  const wrapped: Record<string, unknown> = {
    place: api.place,
    retryForMs: api.retryForMs,
    head: api.head.bind(api),
    checksum: api.checksum.bind(api),
    get: api.get.bind(api),
    list: api.list.bind(api),
    listUploads: api.listUploads.bind(api),
    lifecycle: api.lifecycle.bind(api),
  };
  for (const name of S3_EFFECTS) {
    const effect = api[name].bind(api) as (...args: unknown[]) => Promise<unknown>;
    wrapped[name] = async (...args: unknown[]): Promise<unknown> => {
      const label = `s3.${name}`;
      observer.before(label);
      const answer = await effect(...args);
      observer.sent(label);
      return answer;
    };
  }
  return wrapped as unknown as S3Api;
}

export function observeConnect(
  connect: Rooms['connect'],
  observer: EffectObserver,
): Rooms['connect'] {
  return async (purpose) => {
    const client = await connect(purpose);
    const query = client.query.bind(client) as (...args: unknown[]) => unknown;
    const observed = (...args: unknown[]): unknown => {
      const label = labelOf(args[0]);
      if (label === null) return query(...args);
      observer.before(label);
      const result = query(...args);
      observer.sent(label);
      return result;
    };
    return Object.assign(client, { query: observed });
  };
}

/** The statement's first words, or null for one that only reads. */
function labelOf(statement: unknown): string | null {
  const text = typeof statement === 'string' ? statement : textOf(statement);
  if (text === null || !WRITING.test(text)) return null;
  return `sql ${text.trim().replaceAll(/\s+/g, ' ').slice(0, 40)}`;
}

function textOf(statement: unknown): string | null {
  if (typeof statement !== 'object' || statement === null || !('text' in statement)) return null;
  return typeof statement.text === 'string' ? statement.text : null;
}
