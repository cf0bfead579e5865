/** What a dry run printed with `--json`, as a person reads it: what stands in the way, then a table. */
import { countOf, formatBytes, formatCount } from './format.ts';

export interface Findings {
  /** Why a part of it would not be done, the worst first. */
  readonly obstacles: readonly Obstacle[];
  readonly columns: readonly { readonly title: string; readonly isNumber: boolean }[];
  readonly rows: readonly (readonly string[])[];
  readonly notes: readonly string[];
}

export interface Obstacle {
  readonly subject: string;
  readonly message: string;
  readonly hint: string | null;
}

/** Null where the document is none that the page knows: it is shown as it came. */
export function findingsOf(result: unknown): Findings | null {
  const { datasets, sources, left_out: leftOut } = recordOf(result);
  if (Array.isArray(datasets)) return rotationOf(datasets.map(recordOf), listOf(leftOut));
  if (Array.isArray(sources)) return drainOf(sources.map(recordOf));
  return null;
}

type Json = Readonly<Record<string, unknown>>;

function rotationOf(datasets: readonly Json[], leftOut: readonly Json[]): Findings {
  return {
    obstacles: datasets.flatMap((dataset) => [
      ...obstacleOf(textOf(dataset['dataset']), dataset['error']),
      ...listOf(dataset['refusals']).flatMap((refusal) =>
        obstacleOf(textOf(dataset['dataset']), refusal),
      ),
      ...listOf(dataset['moves']).flatMap((move) =>
        listOf(move['refusals']).flatMap((refusal) =>
          obstacleOf(`${textOf(dataset['dataset'])} ${dayOf(textOf(move['from']))}`, refusal),
        ),
      ),
    ]),
    // What counts first: the rest may have to be scrolled to.
    columns: [
      { title: 'dataset', isNumber: false },
      ...['rows', 'about', 'moves', 'from', 'to'].map((title) => ({ title, isNumber: true })),
    ],
    rows: datasets
      .filter(({ error }) => error === undefined)
      .map((dataset) => {
        const moves = listOf(dataset['moves']);
        return [
          textOf(dataset['dataset']),
          formatCount(numberOf(dataset['rows'])),
          formatBytes(numberOf(dataset['estimated_hot_bytes'])),
          formatCount(moves.length),
          moves.length === 0 ? '–' : dayOf(moves.map(({ from }) => textOf(from)).toSorted()[0]),
          moves.length === 0
            ? '–'
            : dayOf(
                moves
                  .map(({ to }) => textOf(to))
                  .toSorted()
                  .at(-1),
              ),
        ];
      }),
    notes: [
      ...datasets.flatMap(({ dataset, notes }) =>
        textsOf(notes).map((note) => `${textOf(dataset)}: ${note}`),
      ),
      ...leftOut.map(({ dataset, name }) => `${textOf(dataset ?? name)} is paused and left out.`),
    ],
  };
}

function drainOf(sources: readonly Json[]): Findings {
  return {
    obstacles: sources.flatMap(({ source, error }) => obstacleOf(textOf(source), error)),
    columns: columnsOf(['source', 'kind', 'into'], ['keys', 'entries']),
    rows: sources
      .filter(({ error }) => error === undefined)
      .map((source) => [
        textOf(source['source']),
        textOf(source['kind']),
        textOf(source['dataset']),
        formatCount(numberOf(source['keys'])),
        formatCount(numberOf(source['entries'])),
      ]),
    notes: sources.flatMap(({ source, sample }) => {
      const dead = listOf(sample).filter((entry) => 'dead_letter' in entry).length;
      return dead === 0
        ? []
        : [`${textOf(source)}: ${countOf(dead, 'dead letters')} among the entries looked at.`];
    }),
  };
}

function obstacleOf(subject: string, found: unknown): readonly Obstacle[] {
  const { message, hint } = recordOf(found);
  if (typeof message !== 'string') return [];
  return [{ subject, message, hint: typeof hint === 'string' ? hint : null }];
}

function columnsOf(texts: readonly string[], numbers: readonly string[]): Findings['columns'] {
  return [
    ...texts.map((title) => ({ title, isNumber: false })),
    ...numbers.map((title) => ({ title, isNumber: true })),
  ];
}

function recordOf(value: unknown): Json {
  return typeof value === 'object' && value !== null ? (value as Json) : {};
}

function listOf(value: unknown): readonly Json[] {
  return Array.isArray(value) ? value.map(recordOf) : [];
}

function textsOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((text) => typeof text === 'string') : [];
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function numberOf(value: unknown): number | null {
  return typeof value === 'number' ? value : null;
}

/** Ends at midnight are days; others keep their hour. */
function dayOf(iso = ''): string {
  return iso.slice(11, 16) === '00:00' ? iso.slice(0, 10) : iso.slice(0, 16).replace('T', ' ');
}
