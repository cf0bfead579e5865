/** What SET may change and SHOW tells, and what values there may be. */

export interface Setting {
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

function duration(value: string): string | null {
  const ms = readDuration(value);
  return ms === null ? null : showDuration(ms);
}

export const SETTINGS: readonly Setting[] = [
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
    read: duration,
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
export const FIXED: readonly Setting[] = [
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

export const byName = new Map(SETTINGS.map((setting) => [setting.name.toLowerCase(), setting]));
export const fixedByName = new Map(FIXED.map((setting) => [setting.name.toLowerCase(), setting]));

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

/** In milliseconds; null of what is none. */
export function readDuration(value: string): number | null {
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
