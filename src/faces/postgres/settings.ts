/** The settings of a session: what SET may change, what SHOW tells, what the client is told without asking. */
import { FaceError } from './face-error.ts';

interface Setting {
  /** As SHOW and ParameterStatus write it. */
  readonly name: string;
  readonly preset: string;
  /** Told to the client at its start and at each change. */
  readonly isReported?: true;
  /** What is written down of a value; null where it can't be had. */
  readonly read?: (value: string) => string | null;
  /** What can be had, for the message. */
  readonly expected?: string;
}

const isOneOf = (value: string, names: readonly string[]): boolean =>
  names.includes(value.trim().toLowerCase());

const only =
  (shown: string, ...names: readonly string[]) =>
  (value: string): string | null =>
    isOneOf(value, [shown.toLowerCase(), ...names]) ? shown : null;

const TRUTHS: Readonly<Record<string, string>> = {
  on: 'on',
  true: 'on',
  yes: 'on',
  '1': 'on',
  off: 'off',
  false: 'off',
  no: 'off',
  '0': 'off',
};

const truth = (value: string): string | null => TRUTHS[value.trim().toLowerCase()] ?? null;

const ISOLATION = ['read uncommitted', 'read committed', 'repeatable read', 'serializable'];
const isolation = (value: string): string | null =>
  isOneOf(value, ISOLATION) ? value.trim().toLowerCase() : null;

const SETTINGS: readonly Setting[] = [
  { name: 'application_name', preset: '', isReported: true },
  {
    name: 'client_encoding',
    preset: 'UTF8',
    isReported: true,
    read: only('UTF8', 'utf-8', 'unicode', "'utf-8'", "'utf8'"),
    expected: 'UTF8',
  },
  {
    name: 'DateStyle',
    preset: 'ISO, MDY',
    isReported: true,
    read: (value) =>
      /^\s*iso\s*(,\s*(mdy|dmy|ymd|us|european)\s*)?$/i.test(value) ? 'ISO, MDY' : null,
    expected: 'ISO',
  },
  {
    name: 'IntervalStyle',
    preset: 'postgres',
    isReported: true,
    read: only('postgres'),
    expected: 'postgres',
  },
  {
    name: 'TimeZone',
    preset: 'UTC',
    isReported: true,
    read: zone,
    expected: 'a name such as UTC or Europe/Berlin',
  },
  {
    name: 'extra_float_digits',
    preset: '1',
    read: (value) => (/^\s*[123]\s*$/.test(value) ? value.trim() : null),
    expected: '1 to 3: numbers are written so that they read back as they are',
  },
  { name: 'bytea_output', preset: 'hex', read: only('hex'), expected: 'hex' },
  {
    name: 'standard_conforming_strings',
    preset: 'on',
    isReported: true,
    read: (value) => (truth(value) === 'on' ? 'on' : null),
    expected: 'on',
  },
  {
    name: 'statement_timeout',
    preset: '0',
    read: (value) => {
      const ms = readDuration(value);
      return ms === null ? null : showDuration(ms);
    },
    expected: 'milliseconds, or a number with ms, s, min or h',
  },
  { name: 'search_path', preset: '"$user", public' },
  {
    name: 'default_transaction_isolation',
    preset: 'read committed',
    read: isolation,
    expected: ISOLATION.join(', '),
  },
  {
    name: 'transaction_isolation',
    preset: 'read committed',
    read: isolation,
    expected: ISOLATION.join(', '),
  },
  {
    name: 'default_transaction_read_only',
    preset: 'on',
    isReported: true,
    read: truth,
    expected: 'on',
  },
  {
    name: 'transaction_read_only',
    preset: 'on',
    read: (value) => (truth(value) === 'on' ? 'on' : null),
    expected: 'on: tierd changes nothing',
  },
];

/** What is so and can't be changed. */
const FIXED: readonly Setting[] = [
  { name: 'server_encoding', preset: 'UTF8', isReported: true },
  { name: 'integer_datetimes', preset: 'on', isReported: true },
  { name: 'in_hot_standby', preset: 'off', isReported: true },
  { name: 'is_superuser', preset: 'off', isReported: true },
  { name: 'session_authorization', preset: '', isReported: true },
  { name: 'server_version', preset: '', isReported: true },
  { name: 'server_version_num', preset: '' },
  { name: 'max_identifier_length', preset: '63' },
  { name: 'lc_collate', preset: 'C' },
  { name: 'lc_ctype', preset: 'C' },
];

const byName = new Map(SETTINGS.map((setting) => [setting.name.toLowerCase(), setting]));
const fixedByName = new Map(FIXED.map((setting) => [setting.name.toLowerCase(), setting]));

export interface ReportedSetting {
  readonly name: string;
  readonly value: string;
}

export interface SessionFacts {
  readonly user: string;
  /** Of the hot store, as `SHOW server_version` has it. */
  readonly serverVersion: string;
  readonly serverVersionNum: string;
}

/** Others are remembered and told again, and have no effect: clients set what they know of PostgreSQL. */
export class Settings {
  readonly #values = new Map<string, string>();
  readonly #fixed: ReadonlyMap<string, string>;
  /** What the client began with, which RESET comes back to. */
  #first: ReadonlyMap<string, string> = new Map();

  constructor({ user, serverVersion, serverVersionNum }: SessionFacts) {
    this.#fixed = new Map([
      ['session_authorization', user],
      ['server_version', serverVersion],
      ['server_version_num', serverVersionNum],
    ]);
  }

  /** What was set is what a reset comes back to. */
  settle(): void {
    this.#first = new Map(this.#values);
  }

  get timeZone(): string {
    return this.get('timezone');
  }

  /** Null: as long as any statement may take. */
  get statementTimeoutMs(): number | null {
    const ms = readDuration(this.get('statement_timeout'));
    return ms === 0 ? null : ms;
  }

  /** @throws FaceError 42704 for one that nobody has set */
  get(name: string): string {
    const key = name.toLowerCase();
    const value = this.#values.get(key) ?? this.#fixed.get(key);
    const preset = byName.get(key)?.preset ?? fixedByName.get(key)?.preset;
    if (value !== undefined) return value;
    if (preset !== undefined) return preset;
    throw new FaceError({
      sqlstate: '42704',
      message: `unrecognized configuration parameter "${name}"`,
    });
  }

  /** As PostgreSQL spells it. */
  shownName(name: string): string {
    const key = name.toLowerCase();
    return byName.get(key)?.name ?? fixedByName.get(key)?.name ?? name;
  }

  /**
   * @returns what the client has to be told; null where nothing
   * @throws FaceError 22023 for a value that can't be had, 55P02 for what can't be changed
   */
  set(name: string, value: string): ReportedSetting | null {
    const key = name.toLowerCase();
    if (fixedByName.has(key)) {
      throw new FaceError({
        sqlstate: '55P02',
        message: `parameter "${name}" cannot be changed`,
      });
    }
    const setting = byName.get(key);
    const read = setting?.read === undefined ? value : setting.read(value);
    if (read === null) {
      throw new FaceError({
        sqlstate: '22023',
        message: `invalid value for parameter "${setting?.name ?? name}": "${value}"`,
        hint: `tierd answers with ${setting?.expected ?? 'others'}.`,
      });
    }
    const before = this.#values.get(key) ?? setting?.preset;
    this.#values.set(key, read);
    return setting?.isReported === true && read !== before
      ? { name: setting.name, value: read }
      : null;
  }

  /** @param name all of them where null */
  reset(name: string | null): readonly ReportedSetting[] {
    const names = name === null ? [...this.#values.keys()] : [name.toLowerCase()];
    return names.flatMap((one) => {
      const setting = byName.get(one);
      const first = this.#first.get(one) ?? setting?.preset;
      const before = this.#values.get(one) ?? setting?.preset;
      if (this.#first.has(one)) this.#values.set(one, this.#first.get(one) ?? '');
      else this.#values.delete(one);
      const isNews = setting?.isReported === true && first !== before;
      return isNews ? [{ name: setting.name, value: first ?? '' }] : [];
    });
  }

  reported(): readonly ReportedSetting[] {
    return [...SETTINGS, ...FIXED]
      .filter(({ isReported }) => isReported === true)
      .map(({ name }) => ({ name, value: this.get(name) }));
  }

  /** Each by its name, for SHOW ALL. */
  all(): readonly ReportedSetting[] {
    const others = [...this.#values.keys()].filter((key) => !byName.has(key));
    return [...[...SETTINGS, ...FIXED].map(({ name }) => name), ...others]
      .map((name) => ({ name, value: this.get(name) }))
      .sort((a, b) => (a.name.toLowerCase() < b.name.toLowerCase() ? -1 : 1));
  }

  /** What a transaction may set and take back. */
  copy(): ReadonlyMap<string, string> {
    return new Map(this.#values);
  }

  /** @returns what the client has to be told */
  restore(values: ReadonlyMap<string, string>): readonly ReportedSetting[] {
    const before = this.reported();
    this.#values.clear();
    for (const [name, value] of values) this.#values.set(name, value);
    return this.reported().filter(({ value }, at) => value !== before[at]?.value);
  }
}

function zone(value: string): string | null {
  const name = value.trim();
  if (/^(default|local)$/i.test(name)) return 'UTC';
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
  } catch {
    return null;
  }
  return name;
}

const UNITS: Readonly<Record<string, number>> = {
  us: 0.001,
  '': 1,
  ms: 1,
  s: 1_000,
  min: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

function readDuration(value: string): number | null {
  const [, number, unit = ''] = /^\s*(\d+(?:\.\d+)?)\s*([a-z]*)\s*$/.exec(value) ?? [];
  const factor = UNITS[unit];
  if (number === undefined || factor === undefined) return null;
  const ms = Math.round(Number(number) * factor);
  return ms <= 2 ** 31 - 1 ? ms : null;
}

/** In the greatest unit that needs no fraction, as PostgreSQL shows it. */
function showDuration(ms: number): string {
  if (ms === 0) return '0';
  for (const unit of ['d', 'h', 'min', 's']) {
    const factor = UNITS[unit] ?? 1;
    if (ms % factor === 0) return `${String(ms / factor)}${unit}`;
  }
  return `${String(ms)}ms`;
}
