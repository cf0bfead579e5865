/** What EXPLAIN is told to say. */
import type { ExplainOptions } from './face-desk.ts';
import { FaceError } from './face-error.ts';
import type { Options } from './translate/statement-kinds.ts';

/** @throws FaceError 0A000 for what runs it, and for other forms than text */
export function readExplainOptions(options: Options): ExplainOptions {
  if (isOn(options, 'analyze'))
    throw notSupported('EXPLAIN ANALYZE', 'EXPLAIN alone says what would be read.');
  const format = options.get('format') ?? 'text';
  if (String(format).toLowerCase() !== 'text') {
    throw notSupported(`EXPLAIN (FORMAT ${String(format)})`, 'Leave FORMAT out.');
  }
  return { withCosts: isOn(options, 'costs', true) };
}

function isOn(options: Options, name: string, preset = false): boolean {
  const value = options.get(name);
  return value === undefined ? preset : !/^(false|off|0)$/i.test(String(value));
}

function notSupported(what: string, hint: string): FaceError {
  return new FaceError({ sqlstate: '0A000', message: `${what} is not supported here`, hint });
}
