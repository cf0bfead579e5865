/** The audit log as it is printed. */
import type { AuditRecord } from '../../domain/audit.ts';
import { agree, countOf } from '../../domain/count.ts';
import { EXIT } from '../../domain/errors.ts';
import type { Contradiction } from '../../jobs/audit/sort-heads.ts';
import type { AuditVerdict } from '../../jobs/audit/verify-audit.ts';
import type { Report } from '../context.ts';
import { renderTable } from '../terminal/table.ts';

type Listed = AuditRecord & { readonly chain: string };

export function reportAudit(records: readonly Listed[]): Report {
  return {
    json: { entries: records.map(documentOf) },
    text: (style) => {
      if (records.length === 0) return 'Nothing was done to the lake yet.';
      return renderTable(
        [
          { title: 'WHEN' },
          { title: 'CHAIN' },
          { title: 'NO', align: 'right' },
          { title: 'ACTION' },
          { title: 'ROWS', align: 'right' },
          { title: 'RANGE' },
          { title: 'BY' },
        ],
        records.map((record) => lineOf(record)),
        style,
      );
    },
  };
}

function documentOf({ chain, number, entry, hash }: Listed): Record<string, unknown> {
  return { chain, number: Number(number), hash, ...contentOf(entry) };
}

/** The entry's very text beside its hash: whoever has all lines can compute each hash anew. */
export function exportedRecord(chain: string, { number, hash, entry }: AuditRecord): string {
  return `${JSON.stringify({ chain, number: number.toString(), hash, entry })}\n`;
}

interface Content {
  readonly at?: string;
  readonly action?: string;
  readonly rows?: string;
  readonly by?: string;
  readonly user?: string | null;
  readonly ranges?: readonly { readonly from: string; readonly to: string }[];
}

function contentOf(entry: string): Content {
  try {
    return JSON.parse(entry) as Content;
  } catch {
    // What somebody made of it in the database; `tierd audit verify` says since where.
    return { action: 'not what was written' };
  }
}

function lineOf({ chain, number, entry }: Listed): string[] {
  const { at = '', action = '', rows = '', ranges = [], by = '', user } = contentOf(entry);
  const [range] = ranges;
  const more = ranges.length > 1 ? ` and ${String(ranges.length - 1)} more` : '';
  return [
    at.replace('T', ' ').replace(/\.\d+Z$/, ''),
    chain,
    number.toString(),
    action.replace('_', ' '),
    rows.replaceAll(/\B(?=(\d{3})+$)/g, ','),
    range === undefined ? '' : `${short(range.from)} to ${short(range.to)}${more}`,
    user === null || user === undefined ? by : `${user} at ${by}`,
  ];
}

const short = (iso: string): string => iso.replace(/T00:00:00\.000Z$/, '').replace('.000Z', 'Z');

export function reportVerdict(verdict: AuditVerdict): Report {
  const { entries, chains, broken, days, othersDays, contradictions } = verdict;
  const isWhole = broken.length === 0 && contradictions.length === 0;
  return {
    json: {
      whole: isWhole,
      entries: Number(entries),
      chains,
      broken: broken.map(({ chain, number, reason }) => ({
        chain,
        number: Number(number),
        reason,
      })),
      days,
      days_of_other_ledgers: othersDays,
      contradictions,
    },
    text: ({ colour }) => {
      const lines = [
        ...broken.map(
          ({ chain, number, reason }) =>
            `${colour.red('broken')} ${chain}: entry ${number.toString()}: ${reason}`,
        ),
        ...contradictions.map(
          ({ key, kind, reason }) => `${colour.red(WORDS[kind])} ${key}: ${reason}`,
        ),
      ];
      const held = `${countOf(days, 'day')} of the lake`;
      const others =
        othersDays === 0
          ? ''
          : `; ${countOf(othersDays, 'day')} ${agree(othersDays, 'is', 'are')} of other ledgers that had the lake`;
      return [
        ...lines,
        ...(isWhole
          ? [
              `${colour.green('whole')} ${countOf(Number(entries), 'entry', 'entries')} in ${countOf(chains, 'chain')}, held against ${held}${others}`,
            ]
          : hintsOf(verdict)),
      ].join('\n');
    },
    exitCode: isWhole ? EXIT.done : EXIT.failed,
  };
}

/** What stands before the object's key. */
const WORDS: Readonly<Record<Contradiction['kind'], string>> = {
  entry: 'contradicted by',
  no_record: 'contradicted by',
  unreadable: 'unreadable',
  missing: 'missing',
  other_ledger: 'contradicted by',
};

function hintsOf({ broken, contradictions }: AuditVerdict): readonly string[] {
  const kinds = new Set(contradictions.map(({ kind }) => kind));
  const hints: string[] = [];
  if (broken.length > 0 || kinds.has('entry') || kinds.has('no_record')) {
    hints.push(
      'The log is not as it was written. What a backup of the database has of it is in its table tierd.audit.',
    );
  }
  if (kinds.has('missing')) {
    hints.push(
      'Without what is missing nobody can tell whether the log was rewritten since. Put it back from a copy of the lake.',
    );
  }
  if (kinds.has('unreadable')) {
    hints.push('Make the lake give what it does not (disk, rights), then verify again.');
  }
  if (kinds.has('other_ledger')) {
    hints.push(
      'Either the database is not the one that had this lake, or somebody changed which ledger it is. `tierd lake show` says whose the lake is; `tierd adopt` takes it over, and says so in the log.',
    );
  }
  return hints;
}
