/** What can only be judged by looking at a source, its dataset and its key pattern together. */
import { BUILT_INS, type BuiltIn } from '../domain/drain/source.ts';
import { type KeyPattern, parseKeyPattern } from '../domain/live/key-pattern.ts';
import type { SourceKind } from '../domain/live/live-entry.ts';
import { suggest } from '../domain/suggest.ts';
import { SOURCE_KINDS, SOURCE_NAME, SOURCE_NAME_EXPECTED } from './drain-section.ts';
import { asRecord, type ConfigPath, formatPath } from './path.ts';
import { parseOrigin } from './resolve-drain.ts';
import { columnsOfRules, rulesSection } from './rules-fields.ts';
import type { PlacedProblem } from './validate.ts';

type Raw = Readonly<Record<string, unknown>>;

export function checkDrain(file: Raw): PlacedProblem[] {
  const drain = asRecord(file['drain']);
  const datasets = Object.keys(asRecord(file['datasets']));
  const sources = Object.entries(asRecord(drain['sources']));
  return [
    ...Object.keys(asRecord(drain['rules']))
      .filter((name) => !datasets.includes(name))
      .map((name) => noDataset(['drain', 'rules', name], name, datasets)),
    ...sources.flatMap(([name, source]) => checkSource(name, asRecord(source), datasets)),
    ...checkSameKeys(sources),
    ...checkLiveStore(file, sources.length),
  ];
}

function checkLiveStore(file: Raw, sources: number): PlacedProblem[] {
  if (sources === 0 || Object.hasOwn(file, 'redis')) return [];
  return [
    {
      ...at(['drain', 'sources']),
      message: 'there is no live store to read them from',
      expected: 'the section redis',
    },
  ];
}

function checkSource(name: string, source: Raw, datasets: readonly string[]): PlacedProblem[] {
  const path = ['drain', 'sources', name];
  const problems: PlacedProblem[] = [];
  if (!SOURCE_NAME.test(name)) {
    problems.push({ ...at(path), found: JSON.stringify(name), expected: SOURCE_NAME_EXPECTED });
  }
  const dataset = source['dataset'];
  if (typeof dataset === 'string' && !datasets.includes(dataset)) {
    problems.push(noDataset([...path, 'dataset'], dataset, datasets));
  }
  return [
    ...problems,
    ...checkFormat(path, source),
    ...checkHolds(path, source),
    ...checkSameKey(path, source),
    ...checkOrigins(path, source),
    ...checkColumns(path, source),
  ];
}

/** What each kind of source can be taken apart as. */
const FORMATS: Readonly<Record<SourceKind, readonly string[]>> = {
  snapshot: ['hash', 'json', 'text'],
  move: ['hash'],
  claim: ['hash'],
  list: ['json', 'text'],
  stream: ['hash'],
  zset: ['json', 'text'],
};

function checkFormat(path: ConfigPath, source: Raw): PlacedProblem[] {
  const kind = kindOf(source);
  const format = source['format'];
  if (kind === undefined || typeof format !== 'string') return [];
  if (FORMATS[kind].includes(format)) return [];
  const found = `${format}, which a ${kind} can't be`;
  return [{ ...at([...path, 'format']), found, expected: FORMATS[kind].join(' or ') }];
}

function checkHolds(path: ConfigPath, source: Raw): PlacedProblem[] {
  const kind = kindOf(source);
  const { holds, format } = source;
  if (kind === undefined || typeof holds !== 'string') return [];
  const where = at([...path, 'holds']);
  if (kind !== 'snapshot') {
    return [{ ...where, found: `${holds} beside kind ${kind}`, expected: 'it in a snapshot' }];
  }
  if (typeof format !== 'string' || (holds === 'hash') === (format === 'hash')) return [];
  const expected = holds === 'hash' ? 'format hash, or none' : 'format json or text';
  return [{ ...where, found: `${holds} beside format ${format}`, expected }];
}

function checkSameKey(path: ConfigPath, source: Raw): PlacedProblem[] {
  const kind = kindOf(source);
  const sameKey = source['same_key'];
  if (kind === undefined || typeof sameKey !== 'string') return [];
  const where = at([...path, 'same_key']);
  if (kind !== 'list' && kind !== 'stream') {
    const found = `${sameKey}, which a ${kind} has not: what has one key there is one row`;
    return [{ ...where, found, expected: 'it in a list or stream' }];
  }
  if (sameKey === 'last' || !Object.hasOwn(source, 'version')) return [];
  return [{ ...where, found: `${sameKey} beside version`, expected: 'last, or no version' }];
}

/** Which kinds know a built-in; all of them unless listed. */
const BUILT_IN_KINDS: Readonly<Partial<Record<BuiltIn, readonly SourceKind[]>>> = {
  $id: ['stream'],
  $time: ['stream'],
  $index: ['list'],
  $entry: ['list', 'stream'],
  $score: ['zset'],
  $member: ['zset'],
};

function checkOrigins(path: ConfigPath, source: Raw): PlacedProblem[] {
  const keys = source['keys'];
  const pattern = patternOf(keys);
  const kind = kindOf(source);
  const problems: PlacedProblem[] = [];
  if (pattern instanceof RangeError) {
    problems.push({
      ...at([...path, 'keys']),
      found: `${JSON.stringify(keys)}: ${pattern.message}`,
      expected: 'a pattern such as tick:latest:{symbol}',
    });
  }
  const names = pattern instanceof RangeError ? undefined : pattern?.captures;
  for (const [column, from] of Object.entries(asRecord(source['columns']))) {
    if (typeof from !== 'string') continue;
    const where = at([...path, 'columns', column]);
    const origin = parseOrigin(from);
    if (origin.from === 'capture' && names !== undefined && !names.includes(origin.name)) {
      const expected =
        names.length === 0
          ? 'a pattern with captures'
          : names.map((name) => `{${name}}`).join(' or ');
      problems.push({ ...where, found: `${from}, which the keys do not capture`, expected });
    } else if (origin.from === 'built-in' && kind !== undefined) {
      const readAs = kind === 'snapshot' && source['holds'] === 'zset' ? 'zset' : kind;
      const kinds = BUILT_IN_KINDS[origin.name] ?? [readAs];
      if (!kinds.includes(readAs)) {
        problems.push({
          ...where,
          found: `${from}, which a ${kind} has not`,
          expected: `it in a ${kinds.join(' or ')}`,
        });
      }
    } else if (origin.from === 'field' && from.startsWith('$')) {
      problems.push({
        ...where,
        found: `${from}, which is no built-in`,
        expected: `one of ${BUILT_INS.join(', ')}`,
      });
    }
  }
  return problems;
}

function checkColumns(path: ConfigPath, source: Raw): PlacedProblem[] {
  const columns = Object.keys(asRecord(source['columns']));
  const constants = Object.keys(asRecord(source['constants']));
  const mapped = [...columns, ...constants];
  const problems: PlacedProblem[] = [];
  if (mapped.length === 0) {
    problems.push({
      ...at([...path, 'columns']),
      message: 'missing',
      expected: 'at least one column',
    });
    return problems;
  }
  const unmapped = (where: ConfigPath, column: string): void => {
    if (mapped.includes(column)) return;
    const near = suggest(column, mapped);
    problems.push({
      ...at(where),
      message: `${column} is no column of this source${near === undefined ? '' : `; did you mean ${near}?`}`,
    });
  };
  for (const column of constants.filter((name) => columns.includes(name))) {
    problems.push({
      ...at([...path, 'constants', column]),
      message: `${column} stands in columns too`,
      expected: 'only one of the two',
    });
  }
  for (const key of ['types', 'on_missing', 'defaults']) {
    for (const column of Object.keys(asRecord(source[key])))
      unmapped([...path, key, column], column);
  }
  for (const column of Object.keys(asRecord(source['defaults']))) {
    if (!Object.hasOwn(asRecord(source['on_missing']), column)) continue;
    problems.push({
      ...at([...path, 'defaults', column]),
      message: `${column} stands in on_missing too`,
      expected: 'only one of the two',
    });
  }
  const version = source['version'];
  if (typeof version === 'string') unmapped([...path, 'version'], version);
  const rules = rulesSection.safeParse(source['rules'] ?? {});
  for (const named of rules.success ? columnsOfRules(rules.data) : []) {
    unmapped([...path, 'rules', ...named.path], named.column);
  }
  return problems;
}

/** Two sources over one pattern would take each other's entries. */
function checkSameKeys(sources: readonly (readonly [string, unknown])[]): PlacedProblem[] {
  const owners = new Map<string, string>();
  return sources.flatMap(([name, source]) => {
    const keys = asRecord(source)['keys'];
    const pattern = patternOf(keys);
    if (pattern === undefined || pattern instanceof RangeError) return [];
    const owner = owners.get(pattern.glob);
    owners.set(pattern.glob, owner ?? name);
    if (owner === undefined) return [];
    const message = `these keys already belong to drain.sources.${owner}`;
    return [
      {
        ...at(['drain', 'sources', name, 'keys']),
        message,
        expected: 'one source for each pattern',
      },
    ];
  });
}

/** Undefined for what is no text, which the schema reports. */
function patternOf(keys: unknown): KeyPattern | RangeError | undefined {
  if (typeof keys !== 'string' || keys === '') return undefined;
  try {
    return parseKeyPattern(keys);
  } catch (error) {
    if (error instanceof RangeError) return error;
    throw error;
  }
}

function kindOf(source: Raw): SourceKind | undefined {
  return SOURCE_KINDS.find((kind) => kind === source['kind']);
}

function noDataset(path: ConfigPath, name: string, datasets: readonly string[]): PlacedProblem {
  const near = suggest(name, datasets);
  const found = `${JSON.stringify(name)}, which is not under datasets${near === undefined ? '' : `; did you mean ${near}?`}`;
  return { ...at(path), found, expected: 'the name of a dataset' };
}

function at(path: ConfigPath): { readonly where: string; readonly path: ConfigPath } {
  return { where: formatPath(path), path };
}
