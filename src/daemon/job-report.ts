/** What a job's `--json` document says of what was done and what was not, in words for people. */
import { agree, countOf } from '../domain/count.ts';
import { EXIT } from '../domain/errors.ts';

export interface JobReport {
  /** Over all datasets; null where the job moves none. */
  readonly rowsMoved: number | null;
  /** In the order of the document. */
  readonly errors: readonly JobError[];
  /** What moved, and what did not and why; null where nothing is wrong. */
  readonly account: string | null;
  /** What to do about the first error. */
  readonly advice: string | null;
  readonly damage: Finding | null;
  /** Files of the lake that are not this ledger's, where a scrub found nothing worse. */
  readonly unknownFiles: Finding | null;
}

export interface JobError {
  readonly code: string;
  readonly message: string;
  readonly hint: string | null;
  readonly retry: boolean;
  /** A guard was in the way, and would be again. */
  readonly isRefusal: boolean;
}

/** Objects of the lake, as a scrub found them. */
export interface Finding {
  readonly count: number;
  /** The first of them. */
  readonly keys: readonly string[];
}

export function readReport(stdout: string): JobReport {
  const document = parseDocument(stdout);
  const errors = errorsIn(document);
  const rowsMoved = rowsMovedIn(document);
  const damage = damageIn(document);
  const unknownFiles = document['sound'] === true ? findingOf([document['unknown']]) : null;
  return {
    rowsMoved,
    errors,
    account: accountOf(document, errors, rowsMoved) ?? scrubbed(document, damage, unknownFiles),
    advice: errors.find(({ hint }) => hint !== null)?.hint ?? null,
    damage,
    unknownFiles,
  };
}

/** `a, b, …` */
function namesOf({ count, keys }: Finding): string {
  return `${keys.join(', ')}${count > keys.length ? ', …' : ''}`;
}

function accountOf(
  document: Fields,
  errors: readonly JobError[],
  rowsMoved: number | null,
): string | null {
  const [first] = errors;
  if (first === undefined) return null;
  const reasons = [...itemsIn(document, 'datasets'), ...itemsIn(document, 'sources')].flatMap(
    (item) => reasonOf(item) ?? [],
  );
  const moved =
    rowsMoved === null || rowsMoved === 0
      ? ''
      : `${countOf(rowsMoved, 'row')} ${agree(rowsMoved, 'was', 'were')} moved. Not done: `;
  // A dataset alone is named by its own message.
  if (reasons.length === 0 || (moved === '' && errors.length === 1))
    return `${moved}${first.message}`;
  return moved + reasons.map((reason) => reason.replace(/\.$/, '')).join('; ');
}

/** Why one dataset or source was not done, or not all of it. */
function reasonOf(item: Fields): string | null {
  const name = [item['dataset'], item['source']].find((text) => typeof text === 'string');
  const whole = asJobError(item['error']);
  if (whole !== undefined) return `${name ?? ''}: ${whole.message}`;
  const failed = itemsIn(item, 'moves_failed');
  const [first] = errorsIn(failed);
  if (first === undefined) return null;
  const planned = item['moves_planned'];
  const share =
    typeof planned === 'number'
      ? `${String(failed.length)} of ${countOf(planned, 'move')}`
      : countOf(failed.length, 'move');
  const others = failed.length === 1 ? '' : ', the first';
  return `${name ?? ''}: ${share} ${agree(failed.length, 'stays', 'stay')} hot${others}: ${first.message}`;
}

/** As `tierd scrub --json` says it. */
function scrubbed(
  document: Fields,
  damage: Finding | null,
  unknownFiles: Finding | null,
): string | null {
  if (damage !== null) return describeDamage(damage);
  const unread = findingOf([document['unreadable'], document['unjudged']]);
  if (unread !== null) {
    return `${countOf(unread.count, 'segment')} could not be read, which says nothing of what ${agree(unread.count, 'it holds', 'they hold')}: ${namesOf(unread)}`;
  }
  if (unknownFiles === null) return null;
  return `nothing is damaged; ${describeUnknown(unknownFiles)}`;
}

export function describeDamage(damage: Finding): string {
  return `${countOf(damage.count, 'segment')} ${agree(damage.count, 'is', 'are')} not what was published: ${namesOf(damage)}`;
}

export function describeUnknown(files: Finding): string {
  return `${countOf(files.count, 'file')} in the lake ${agree(files.count, 'is', 'are')} not this ledger's, and left alone: ${namesOf(files)}`;
}

type Fields = Readonly<Record<string, unknown>>;

function parseDocument(stdout: string): Fields {
  try {
    return asFields(JSON.parse(stdout));
  } catch {
    return {}; // It died before it could print one; the exit code and the signal tell that.
  }
}

function asFields(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? (value as Fields) : {};
}

function itemsIn(value: Fields, name: string): readonly Fields[] {
  const list = value[name];
  return Array.isArray(list) ? list.map(asFields) : [];
}

/** Every `error` of the document, at whatever depth a job's report has them. */
function errorsIn(value: unknown): readonly JobError[] {
  if (Array.isArray(value)) return value.flatMap(errorsIn);
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, item]: [string, unknown]) => {
    const error = key === 'error' ? asJobError(item) : undefined;
    return error === undefined ? errorsIn(item) : [error];
  });
}

function asJobError(value: unknown): JobError | undefined {
  const { code, message, hint, retry, exitCode } = asFields(value);
  if (typeof code !== 'string') return undefined;
  return {
    code,
    message: typeof message === 'string' ? message : code,
    hint: typeof hint === 'string' ? hint : null,
    retry: retry === true,
    isRefusal: exitCode === EXIT.refused,
  };
}

const KEYS_KEPT = 5;

function damageIn(document: Fields): Finding | null {
  const { sound, missing, altered, unproven } = document;
  return sound === false ? findingOf([missing, altered, unproven]) : null;
}

function findingOf(lists: readonly unknown[]): Finding | null {
  const keys = lists.flatMap(keysIn);
  return keys.length === 0 ? null : { count: keys.length, keys: keys.slice(0, KEYS_KEPT) };
}

/** Of what has one key, or some, or is one. */
function keysIn(list: unknown): readonly string[] {
  if (!Array.isArray(list)) return [];
  return list.flatMap((item: unknown): readonly string[] => {
    if (typeof item === 'string') return [item];
    const { key, keys } = asFields(item);
    return typeof key === 'string' ? [key] : keysIn(keys);
  });
}

/** Also of a dataset that ended with an error after some of its moves. */
function rowsMovedIn(document: Fields): number | null {
  const counts = itemsIn(document, 'datasets').flatMap((dataset) => {
    const rows = dataset['rows_moved'];
    if (typeof rows === 'number') return [rows];
    const before = asFields(asFields(dataset['error'])['context'])['rowsMoved'];
    return typeof before === 'string' ? [Number(before)] : [];
  });
  return counts.length === 0 ? null : counts.reduce((sum, rows) => sum + rows, 0);
}
