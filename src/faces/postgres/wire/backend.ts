/** Messages to a client, as bytes. */
import type { FaceError } from '../face-error.ts';

export function message(type: string, ...fields: readonly Uint8Array[]): Buffer {
  const bytes = fields.reduce((sum, field) => sum + field.length, 0);
  const head = Buffer.allocUnsafe(5);
  head.write(type, 'latin1');
  head.writeInt32BE(4 + bytes, 1);
  return Buffer.concat([head, ...fields], 5 + bytes);
}

export function int16(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(2);
  bytes.writeInt16BE(value);
  return bytes;
}

export function int32(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(4);
  bytes.writeInt32BE(value);
  return bytes;
}

export function uint32(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

/** With its zero byte; a zero byte within would end it before its end. */
export function text(value: string): Buffer {
  return Buffer.from(`${value.replaceAll('\0', ' ')}\0`);
}

export const authenticationOk = (): Buffer => message('R', int32(0));

export function authenticationSasl(mechanisms: readonly string[]): Buffer {
  return message('R', int32(10), ...mechanisms.map(text), Buffer.of(0));
}

export function authenticationSaslContinue(data: string): Buffer {
  return message('R', int32(11), Buffer.from(data));
}

export function authenticationSaslFinal(data: string): Buffer {
  return message('R', int32(12), Buffer.from(data));
}

export function negotiateProtocolVersion(newest: number, unknown: readonly string[]): Buffer {
  return message('v', int32(newest), int32(unknown.length), ...unknown.map(text));
}

export function parameterStatus(name: string, value: string): Buffer {
  return message('S', text(name), text(value));
}

export function backendKeyData(pid: number, secret: Uint8Array): Buffer {
  return message('K', int32(pid), secret);
}

/** Idle, within a transaction, or within one that has failed. */
export type TransactionStatus = 'I' | 'T' | 'E';

export function readyForQuery(status: TransactionStatus): Buffer {
  return message('Z', Buffer.from(status));
}

export function commandComplete(tag: string): Buffer {
  return message('C', text(tag));
}

export const emptyQueryResponse = (): Buffer => message('I');
export const parseComplete = (): Buffer => message('1');
export const bindComplete = (): Buffer => message('2');
export const closeComplete = (): Buffer => message('3');
export const noData = (): Buffer => message('n');
export const portalSuspended = (): Buffer => message('s');

export function parameterDescription(oids: readonly number[]): Buffer {
  return message('t', int16(oids.length), ...oids.map(uint32));
}

export function errorResponse(error: FaceError): Buffer {
  return message('E', ...noticeFields(error, error.isFatal ? 'FATAL' : 'ERROR'));
}

function noticeFields(told: FaceError, severity: string): readonly Buffer[] {
  const fields: readonly (readonly [string, string | undefined])[] = [
    ['S', severity],
    // The same, in no language of the reader's.
    ['V', severity],
    ['C', told.sqlstate],
    ['M', told.message],
    ['D', told.detail],
    ['H', told.hint],
    ['P', told.position === undefined ? undefined : String(told.position)],
  ];
  const given = fields.flatMap(([code, value]) =>
    value === undefined ? [] : [Buffer.from(code), text(value)],
  );
  return [...given, Buffer.of(0)];
}
