/** Rows of files that are none of the table's: kept in the session until the run is sure of its files, then as dead letters (I10). */
import { createHash } from 'node:crypto';
import type pg from 'pg';
import type { DeadLetter } from '../../domain/drain/dead-letter.ts';
import { REASONS, type ReasonCode, reasonFor } from '../../domain/drain/reason.ts';
import { type BadRow, readBadRows } from '../../hot/write/ingest-rows.ts';
import { addDeadLetters } from '../../ledger/dead-letters.ts';
import type { FileReading } from '../../ledger/ingested-files.ts';

const AT_ONCE = 1_000;
const MOST_REASONS = 3;

/** Anew, whatever the session had of an earlier batch of files. */
export async function makeLetters(db: pg.Client): Promise<void> {
  await db.query(
    `drop table if exists pg_temp.tierd_ingest_letters;
     create temporary table tierd_ingest_letters (file int, n bigint, payload text, code text, reason text)`,
  );
}

/** @param names of the file's columns @returns some of the reasons */
export async function keepLetters(
  db: pg.Client,
  file: number,
  names: readonly string[],
): Promise<readonly string[]> {
  const some: string[] = [];
  for (let after = '0'; ; ) {
    const rows = await readBadRows(db, names, after, AT_ONCE);
    const last = rows.at(-1);
    if (last === undefined) return some;
    const letters = rows.map((row) => ({ n: row.n, payload: payloadOf(row), ...reasonOf(row) }));
    some.push(
      ...letters
        .slice(0, Math.max(0, MOST_REASONS - some.length))
        .map(({ n, reason }) => `row ${n}: ${reason}`),
    );
    await db.query(
      `insert into pg_temp.tierd_ingest_letters (file, n, payload, code, reason)
       select $1, n, payload, code, reason
       from unnest($2::bigint[], $3::text[], $4::text[], $5::text[]) as l (n, payload, code, reason)`,
      [
        file,
        letters.map(({ n }) => n),
        letters.map(({ payload }) => payload),
        letters.map(({ code }) => code),
        letters.map(({ reason }) => reason),
      ],
    );
    after = last.n;
  }
}

/** As `decodePayload` reads it: a line that is no object whole, else each column with its text. */
function payloadOf({ fields, bad }: BadRow): string {
  const line = bad.find(({ name, code }) => name === null && code === 'not_json')?.found;
  return line === undefined || line === null
    ? `{"fields":${fields}}`
    : JSON.stringify({ value: line });
}

function reasonOf({ bad }: BadRow): { readonly code: ReasonCode; readonly reason: string } {
  const [first] = bad;
  const code = codeOf(first?.code ?? '');
  const texts = bad.map((one) => {
    const { text } = reasonFor(codeOf(one.code), one.name, one.found ?? undefined);
    return one.words === null ? text : `${text} (${one.words})`;
  });
  return { code, reason: texts.join('; ') };
}

const codeOf = (code: string): ReasonCode => (code in REASONS ? (code as ReasonCode) : 'refused');

/** As dead letters call it: no source of a drain has such a name. */
export const sourceOf = (dataset: string): string => `file:${dataset}`;

/**
 * In the transaction that enters the files into the ledger. The same file once more makes no second letter.
 *
 * @param files in their places
 */
export async function sendLetters(
  db: pg.Client,
  dataset: string,
  files: ReadonlyMap<number, FileReading>,
): Promise<void> {
  const source = { name: sourceOf(dataset), dataset, stays: true };
  for (let after: readonly [number, string] = [0, '0']; ; ) {
    const { rows } = await db.query<{
      file: number;
      n: string;
      payload: string;
      code: ReasonCode;
      reason: string;
    }>(
      `select file, n::text as n, payload, code, reason from pg_temp.tierd_ingest_letters
       where (file, n) > ($1::int, $2::bigint) order by file, tierd_ingest_letters.n limit $3`,
      [...after, AT_ONCE],
    );
    const last = rows.at(-1);
    if (last === undefined) return;
    await addDeadLetters(
      db,
      source,
      rows.flatMap(({ file, n, payload, code, reason }): DeadLetter[] => {
        const read = files.get(file);
        if (read === undefined) return [];
        return [
          {
            key: read.path,
            id: `row ${n}`,
            identity: createHash('sha256').update(`file\0${read.reading}\0${n}`).digest(),
            payload: Buffer.from(payload),
            reason: { code, text: reason },
          },
        ];
      }),
    );
    after = [last.file, last.n];
  }
}
