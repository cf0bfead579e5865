/** What may follow what was typed, pure. */
import { META_COMMANDS, SHELL_FORMATS } from './meta-command.ts';

export interface KnownNames {
  readonly datasets: readonly string[];
  /** Of the live store. */
  readonly sources: readonly string[];
  /** Of those datasets whose columns are known; of sources by `live.<source>`. */
  readonly columns: ReadonlyMap<string, readonly string[]>;
}

/** What readline wants: candidates, and the part of the line that each of them replaces. */
export type Completion = [candidates: string[], replaced: string];

/** @param before the lines of the statement before this one; `typed` ends where the cursor is. */
export function complete(before: string, typed: string, known: KnownNames): Completion {
  const isFirst = before.trim() === '';
  if (isFirst && typed.trimStart().startsWith('\\')) return completeMeta(typed.trimStart(), known);
  const [word = ''] = /[\w."]*$/.exec(typed) ?? [];
  if (isFirst && typed.trim() === '') return [[...STATEMENTS], word];
  const dot = word.lastIndexOf('.');
  const owner = dot < 0 ? null : word.slice(0, dot);
  const statement = `${before}\n${typed}`;
  if (owner !== null && !SIDES.includes(owner.toLowerCase())) {
    const columns = columnsOf(datasetOf(owner, statement, known), known);
    return [
      startingWith(
        word,
        columns.map((column) => `${owner}.${quoted(column)}`),
      ),
      word,
    ];
  }
  const isTable = owner !== null || TABLE_FOLLOWS.test(typed.slice(0, typed.length - word.length));
  if (isTable) return [startingWith(word, tableNames(word, known)), word];
  const live = sourcesIn(statement, known.sources).map((name) => `live.${name}`);
  const columns = [...datasetsIn(statement, known.datasets), ...live]
    .flatMap((name) => columnsOf(name, known))
    .map(quoted);
  const others = word === '' ? [] : [...known.datasets.map(quoted), ...asTyped(KEYWORDS, word)];
  return [startingWith(word, [...columns, ...others]), word];
}

const SIDES = ['hot', 'cold', 'live'];
const TABLE_FOLLOWS = /\b(?:from|join|describe|summarize|table)\s+$/i;

/** The sides only for who begins one of them: they triple the list. */
function tableNames(word: string, { datasets, sources }: KnownNames): readonly string[] {
  const names = datasets.map(quoted);
  if (word === '') return names;
  return [
    ...names,
    ...['hot', 'cold'].flatMap((side) => names.map((name) => `${side}.${name}`)),
    ...sources.map((name) => `live.${quoted(name)}`),
  ];
}

/** The datasets that a statement names, in whatever place. */
export function datasetsIn(statement: string, datasets: readonly string[]): readonly string[] {
  const words = new Set(statement.toLowerCase().match(/\w+/g));
  return datasets.filter((name) => words.has(name.toLowerCase()));
}

/** The sources that a statement names, as `live.<source>`. */
export function sourcesIn(statement: string, sources: readonly string[]): readonly string[] {
  const named = [...statement.matchAll(/\blive\."?([\w-]+)/gi)].map(([, name = '']) => name);
  return sources.filter((name) => named.some((one) => one.toLowerCase() === name.toLowerCase()));
}

/** What `owner` names: a dataset, or an alias of one. */
function datasetOf(owner: string, statement: string, known: KnownNames): string | null {
  const byName = (name: string): string | undefined =>
    known.datasets.find((one) => one.toLowerCase() === name.toLowerCase());
  const bare = owner.replace(/^(?:hot|cold)\./i, '').replaceAll('"', '');
  const pairs = statement.matchAll(
    /(?:\b(?:from|join)\s+|,\s*)(?:(?:hot|cold)\.)?"?(\w+)"?\s+(?:as\s+)?(\w+)/gi,
  );
  const named = [...pairs].find(([, , alias]) => alias?.toLowerCase() === bare.toLowerCase())?.[1];
  return byName(bare) ?? byName(named ?? '') ?? null;
}

function completeMeta(typed: string, known: KnownNames): Completion {
  const [, command = '', argument] = /^(\\\S*)(?:\s+(\S*))?$/.exec(typed) ?? [];
  if (argument === undefined) {
    const names = new Set(META_COMMANDS.map(({ name }) => name.split(' ', 1)[0] ?? ''));
    return [startingWith(command, [...names]), command];
  }
  if (command === '\\d') {
    const live = argument === '' ? [] : known.sources.map((name) => `live.${name}`);
    return [startingWith(argument, [...known.datasets, ...live]), argument];
  }
  return [command === '\\f' ? startingWith(argument, SHELL_FORMATS) : [], argument];
}

function columnsOf(dataset: string | null, { columns }: KnownNames): readonly string[] {
  return dataset === null ? [] : (columns.get(dataset) ?? []);
}

/** A name that needs quotes is found without them. */
function startingWith(word: string, candidates: readonly string[]): string[] {
  const plain = (name: string): string => name.toLowerCase().replaceAll('"', '');
  return [...new Set(candidates.filter((one) => plain(one).startsWith(plain(word))))];
}

/** As SQL has to have it. */
function quoted(name: string): string {
  return /^[a-z_]\w*$/i.test(name) ? name : `"${name.replaceAll('"', '""')}"`;
}

/** In capitals for whoever types in capitals. */
function asTyped(keywords: readonly string[], word: string): readonly string[] {
  return /^[A-Z]+$/.test(word) ? keywords.map((keyword) => keyword.toUpperCase()) : keywords;
}

const STATEMENTS = ['select', 'with', 'from', 'describe', 'summarize', 'show tables', 'values'];

const KEYWORDS = [
  ...STATEMENTS,
  ...'where|and|or|not|in|as|group by|order by|having|limit|offset|join|left join|cross join|on|using|union all'.split(
    '|',
  ),
  ...'distinct|between|interval|is null|is not null|like|ilike|exists|over|partition by|filter'.split(
    '|',
  ),
  ...'case|when|then|else|end|cast|extract|date|time|timestamp|timestamptz|asc|desc|nulls last'.split(
    '|',
  ),
  ...'count|sum|avg|min|max|first|last|date_trunc|time_bucket|now|coalesce|round|abs|median'.split(
    '|',
  ),
];
