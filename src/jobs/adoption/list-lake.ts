/** The files of a dataset, by the month of their folder. Names and lengths lie in files of this process, for a lake has any number. */
import { createHash, randomUUID } from 'node:crypto';
import { join } from 'node:path';
import type { AdoptionProblem } from '../../domain/plan/adoption.ts';
import type { ByteRange, FileSystem } from '../../lake/file-system.ts';
import { writing } from '../../lake/lake-failure.ts';
import { parseSegmentKey } from '../../lake/layout.ts';
import type { ListedObject, ObjectStore } from '../../lake/object-store.ts';
import { readBytes } from './spool.ts';

export interface LakeListing {
  /** `2024-01`, in the order of time. */
  readonly months: readonly string[];
  readonly files: number;
  /** Files of other names. */
  readonly problems: readonly AdoptionProblem[];
  /** Of all names and lengths. */
  readonly digest: string;
  /** Of a month that no file is of, none. */
  objectsOf(month: string): Promise<readonly ListedObject[]>;
}

export interface ListedDataset {
  readonly store: ObjectStore;
  /** Of the dataset: the one that it has, and those that it had. */
  readonly names: readonly string[];
  readonly signal: AbortSignal;
}

/** @param directory for what is kept of it, which is there and emptied by the caller */
export async function listLake(
  listed: ListedDataset,
  fs: FileSystem,
  directory: string,
): Promise<LakeListing> {
  const months = new SpooledMonths(fs, directory);
  const problems: AdoptionProblem[] = [];
  const digest = new ListingDigest();
  let files = 0;
  for await (const object of objectsOf(listed)) {
    const place = parseSegmentKey(object.key);
    if (place === null) {
      const reason = 'its name is none that tierd gives a segment';
      problems.push({ kind: 'strange', key: object.key, reason });
      continue;
    }
    files += 1;
    digest.add(object);
    await months.add(new Date(place.start).toISOString().slice(0, 'YYYY-MM'.length), object);
  }
  await months.end();
  return {
    months: months.list(),
    files,
    problems,
    digest: digest.finish(),
    objectsOf: (month) => months.objectsOf(month),
  };
}

/** As a listing of the same files has it. */
export async function digestOfLake(listed: ListedDataset): Promise<string> {
  const digest = new ListingDigest();
  for await (const object of objectsOf(listed)) {
    if (parseSegmentKey(object.key) !== null) digest.add(object);
  }
  return digest.finish();
}

/** A store lists in an order that stays the same. */
async function* objectsOf({ store, names, signal }: ListedDataset): AsyncGenerator<ListedObject> {
  for (const name of names) yield* store.list(`${name}/`, signal);
}

class ListingDigest {
  readonly #hash = createHash('sha256');

  add({ key, bytes }: ListedObject): void {
    this.#hash.update(`${key} ${String(bytes)}\n`);
  }

  finish(): string {
    return this.#hash.digest('hex');
  }
}

/** So many names are held before they are written. */
const HELD = 5_000;

interface Piece {
  readonly path: string;
  readonly range: ByteRange;
}

/** A line for each file: of each `HELD` of them a file, in which those of a month lie together. */
class SpooledMonths {
  readonly #fs: FileSystem;
  readonly #directory: string;
  readonly #pieces = new Map<string, Piece[]>();
  readonly #lines = new Map<string, string[]>();
  #held = 0;

  constructor(fs: FileSystem, directory: string) {
    this.#fs = fs;
    this.#directory = directory;
  }

  async add(month: string, { key, bytes }: ListedObject): Promise<void> {
    const lines = this.#lines.get(month) ?? [];
    lines.push(`${String(bytes)} ${key}\n`);
    this.#lines.set(month, lines);
    this.#held += 1;
    if (this.#held >= HELD) await this.end();
  }

  /** Writes what is held still. */
  async end(): Promise<void> {
    if (this.#held === 0) return;
    const path = join(this.#directory, `names-${randomUUID()}`);
    const written: Buffer[] = [];
    let fromInclusive = 0;
    for (const [month, lines] of this.#lines) {
      const bytes = Buffer.from(lines.join(''));
      const range = { fromInclusive, toExclusive: fromInclusive + bytes.length };
      this.#pieces.set(month, [...(this.#pieces.get(month) ?? []), { path, range }]);
      written.push(bytes);
      fromInclusive = range.toExclusive;
    }
    await writing(`write ${path}`, () => this.#fs.writeNewFile(path, Buffer.concat(written)));
    this.#lines.clear();
    this.#held = 0;
  }

  list(): readonly string[] {
    return [...this.#pieces.keys()].sort();
  }

  async objectsOf(month: string): Promise<readonly ListedObject[]> {
    const objects: ListedObject[] = [];
    for (const { path, range } of this.#pieces.get(month) ?? []) {
      const lines = (await readBytes(this.#fs, path, range)).toString().split('\n');
      for (const line of lines) {
        const at = line.indexOf(' ');
        if (at !== -1) objects.push({ key: line.slice(at + 1), bytes: Number(line.slice(0, at)) });
      }
    }
    return objects;
  }
}
