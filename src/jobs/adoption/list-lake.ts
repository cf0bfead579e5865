/** The files of a dataset, by the month of their folder. Names and lengths only, packed: small enough for 100,000. */
import { createHash } from 'node:crypto';
import type { AdoptionProblem } from '../../domain/plan/adoption.ts';
import { parseSegmentKey } from '../../lake/layout.ts';
import type { ListedObject, ObjectStore } from '../../lake/object-store.ts';

export interface LakeListing {
  /** `2024-01`, in the order of time. */
  readonly months: readonly string[];
  readonly files: number;
  /** Files of other names. */
  readonly problems: readonly AdoptionProblem[];
  /** Of a month that no file is of, none. */
  objectsOf(month: string): readonly ListedObject[];
}

/** @param names of the dataset: the one that it has, and those that it had */
export async function listLake(
  store: ObjectStore,
  names: readonly string[],
  signal: AbortSignal,
): Promise<LakeListing> {
  const packed = new PackedMonths();
  const problems: AdoptionProblem[] = [];
  let files = 0;
  for (const name of names) {
    for await (const object of store.list(`${name}/`, signal)) {
      const place = parseSegmentKey(object.key);
      if (place === null) {
        const reason = 'its name is none that tierd gives a segment';
        problems.push({ kind: 'strange', key: object.key, reason });
        continue;
      }
      files += 1;
      packed.add(new Date(place.start).toISOString().slice(0, 'YYYY-MM'.length), object);
    }
  }
  return {
    months: packed.months(),
    files,
    problems,
    objectsOf: (month) => packed.objectsOf(month),
  };
}

/** Of the names and lengths of a dataset's files. */
export function digestOf(lake: LakeListing): string {
  const hash = createHash('sha256');
  for (const month of lake.months) {
    for (const { key, bytes } of lake.objectsOf(month)) hash.update(`${key} ${String(bytes)}\n`);
  }
  return hash.digest('hex');
}

/** So many names are held as they are before they are packed. */
const PACKED_AT = 5_000;

/** A line for each file, as bytes: names held as strings take several times as much, and a heap grows with what it holds. */
class PackedMonths {
  readonly #packed = new Map<string, Buffer[]>();
  readonly #lines = new Map<string, string[]>();
  #waiting = 0;

  add(month: string, { key, bytes }: ListedObject): void {
    const lines = this.#lines.get(month) ?? [];
    lines.push(`${String(bytes)} ${key}\n`);
    this.#lines.set(month, lines);
    this.#waiting += 1;
    if (this.#waiting >= PACKED_AT) this.#pack();
  }

  months(): readonly string[] {
    this.#pack();
    return [...this.#packed.keys()].sort();
  }

  objectsOf(month: string): readonly ListedObject[] {
    this.#pack();
    const lines = (this.#packed.get(month) ?? []).flatMap((one) => one.toString().split('\n'));
    return lines.flatMap((line) => {
      const at = line.indexOf(' ');
      return at === -1 ? [] : [{ key: line.slice(at + 1), bytes: Number(line.slice(0, at)) }];
    });
  }

  #pack(): void {
    for (const [month, lines] of this.#lines) {
      const packed = this.#packed.get(month) ?? [];
      packed.push(Buffer.from(lines.join('')));
      this.#packed.set(month, packed);
    }
    this.#lines.clear();
    this.#waiting = 0;
  }
}
