/** The options of COPY … TO STDOUT, as they are written and as the rows are. */
import type { CopyFormat } from '../../query/answer/postgres/postgres-reply.ts';
import { FaceError } from './face-error.ts';
import type { Options } from './translate/statement-kinds.ts';

const KNOWN = [
  'format',
  'delimiter',
  'null',
  'header',
  'quote',
  'escape',
  'force_quote',
  'encoding',
  'freeze',
];

/** @throws FaceError 42601, 22023 or 0A000 as PostgreSQL does */
export function readCopyOptions(options: Options): CopyFormat {
  for (const name of options.keys()) {
    if (!KNOWN.includes(name)) throw refused('42601', `option "${name}" not recognized`);
  }
  const one = (name: string): string | undefined => {
    const value = options.get(name);
    return typeof value === 'string' ? value : undefined;
  };
  const format = (one('format') ?? 'text').toLowerCase();
  if (format !== 'text' && format !== 'csv' && format !== 'binary') {
    throw refused('22023', `COPY format "${format}" not recognized`);
  }
  const encoding = one('encoding');
  if (encoding !== undefined && !/^utf-?8$/i.test(encoding)) {
    throw refused('0A000', `tierd writes UTF8, not ${encoding}`);
  }
  if (format === 'binary') {
    for (const name of ['delimiter', 'null', 'header']) {
      if (options.has(name))
        throw refused('42601', `cannot specify ${name.toUpperCase()} in BINARY mode`);
    }
    return { format };
  }
  const isCsv = format === 'csv';
  for (const name of isCsv ? [] : ['quote', 'escape', 'force_quote']) {
    if (options.has(name)) throw refused('0A000', `COPY ${name} available only in CSV mode`);
  }
  const quote = letter('quote', one('quote') ?? '"');
  return {
    format,
    delimiter: letter('delimiter', one('delimiter') ?? (isCsv ? ',' : '\t')),
    null: one('null') ?? (isCsv ? '' : '\\N'),
    hasHeader: isOn(one('header')),
    quote,
    escape: letter('escape', one('escape') ?? quote),
    quoted: quotedColumns(options.get('force_quote')),
  };
}

function quotedColumns(
  value: Options extends ReadonlyMap<string, infer V> ? V | undefined : never,
): readonly string[] | 'all' {
  if (value === undefined) return [];
  if (value === '*' || value === 'true') return 'all';
  return typeof value === 'string' ? [value] : value;
}

function isOn(value: string | undefined): boolean {
  if (value === undefined) return false;
  if (/^(true|on|1|match)$/i.test(value)) return true;
  if (/^(false|off|0)$/i.test(value)) return false;
  throw refused('22023', 'header requires a Boolean value or "match"');
}

function letter(name: string, value: string): string {
  if (Buffer.byteLength(value) === 1 && !/[\r\n]/.test(value)) return value;
  throw refused('0A000', `COPY ${name} must be a single one-byte character`);
}

function refused(sqlstate: string, message: string): FaceError {
  return new FaceError({ sqlstate, message });
}
