/** What a connection begins with: a start-up, a wish for encryption, or a cancellation of what another one asked. */
import { FaceError, protocolViolation } from '../face-error.ts';
import { FieldReader } from '../wire/field-reader.ts';

export type FirstMessage =
  | { readonly kind: 'encryption'; readonly of: 'tls' | 'gss' }
  | { readonly kind: 'cancel'; readonly pid: number; readonly secret: Buffer }
  | { readonly kind: 'start'; readonly start: StartUp };

export interface StartUp {
  /** Of protocol 3. */
  readonly minor: number;
  readonly user: string;
  readonly database: string;
  /** Settings of the session, by their names as they were sent. */
  readonly settings: ReadonlyMap<string, string>;
  /** Options of the protocol (`_pq_.…`), none of which is known here. */
  readonly protocolOptions: readonly string[];
}

const CANCEL = 80_877_102;
const TLS = 80_877_103;
const GSS = 80_877_104;
/** 3.2, in which the secret of a cancellation is long. There was no 3.1. */
export const NEWEST_MINOR = 2;
export const MAJOR = 3;

/** @throws FaceError, fatal */
export function readFirst(body: Buffer): FirstMessage {
  const fields = new FieldReader(body);
  const code = fields.int32();
  switch (code) {
    case CANCEL:
      return { kind: 'cancel', pid: fields.int32(), secret: fields.rest() };
    case TLS:
      fields.end();
      return { kind: 'encryption', of: 'tls' };
    case GSS:
      fields.end();
      return { kind: 'encryption', of: 'gss' };
    default:
      return { kind: 'start', start: readStart(fields, code) };
  }
}

function readStart(fields: FieldReader, code: number): StartUp {
  const major = code >>> 16;
  if (major !== MAJOR) {
    throw new FaceError({
      sqlstate: '0A000',
      message: `protocol ${String(major)}.${String(code & 0xffff)} is not spoken here, but 3.0 to 3.${String(NEWEST_MINOR)}`,
      isFatal: true,
    });
  }
  const given = new Map<string, string>();
  for (let name = fields.text(); name !== ''; name = fields.text()) given.set(name, fields.text());
  fields.end();
  const { user, database, replication, options, ...settings } = Object.fromEntries(given);
  if (user === undefined || user === '') {
    throw new FaceError({
      sqlstate: '28000',
      message: 'no user is named in the start-up message',
      isFatal: true,
    });
  }
  if (replication !== undefined && !/^(false|off|no|0)$/i.test(replication)) {
    throw new FaceError({
      sqlstate: '0A000',
      message: 'tierd answers questions and replicates nothing',
      isFatal: true,
    });
  }
  const all = [...Object.entries(settings), ...readOptions(options ?? '')];
  const isOfProtocol = (name: string): boolean => name.startsWith('_pq_.');
  return {
    minor: code & 0xffff,
    user,
    database: database ?? user,
    settings: new Map(all.filter(([name]) => !isOfProtocol(name))),
    protocolOptions: all.map(([name]) => name).filter(isOfProtocol),
  };
}

/** Of the server's command line: `-c name=value`, `--name=value`; a backslash keeps a blank within a word. */
function readOptions(options: string): readonly (readonly [string, string])[] {
  const words = options.match(/(?:\\.|[^\s\\])+/gs)?.map((word) => word.replace(/\\(.)/gs, '$1'));
  const read: (readonly [string, string])[] = [];
  const left = [...(words ?? [])];
  for (let word = left.shift(); word !== undefined; word = left.shift()) {
    const setting = word === '-c' ? left.shift() : /^(?:-c|--)(.+)$/s.exec(word)?.[1];
    const [, name, value] = /^([^=]+)=(.*)$/s.exec(setting ?? '') ?? [];
    if (name === undefined || value === undefined) {
      throw protocolViolation(
        `the start-up option ${word} is none that tierd knows: -c name=value`,
      );
    }
    read.push([name.replaceAll('-', '_'), value]);
  }
  return read;
}
