/** Addresses, bits and shapes in PostgreSQL's binary forms. */
import type { RowBytes } from './row-bytes.ts';

/** With whatever stands between the digits. */
export function writeHex(out: RowBytes, text: string): void {
  out.raw(Buffer.from(text.replace(/[^0-9a-fA-F]/g, ''), 'hex'));
}

/** One byte, which PostgreSQL writes as `\377` where it is no letter of ASCII. */
export function writeChar(out: RowBytes, text: string): void {
  const octal = /^\\([0-7]{3})$/.exec(text)?.[1];
  out.byte(octal === undefined ? text.charCodeAt(0) || 0 : Number.parseInt(octal, 8));
}

export function writeBits(out: RowBytes, text: string): void {
  out.int32(text.length);
  for (let at = 0; at < text.length; at += 8) {
    out.byte(Number.parseInt(text.slice(at, at + 8).padEnd(8, '0'), 2));
  }
}

/** Its numbers as they stand there. @param count `points`: how many points come first */
export function writeGeometry(out: RowBytes, text: string, count: 'points' | null = null): void {
  const numbers = text.match(/-?(?:Infinity|NaN|[\d.]+(?:e[-+]?\d+)?)/gi) ?? [];
  if (count === 'points') out.int32(numbers.length / 2);
  for (const one of numbers) out.float8(Number(one));
}

/** As PostgreSQL numbers the two kinds of addresses. */
const IPV4 = 2;
const IPV6 = 3;

export function writeAddress(out: RowBytes, text: string, isNetwork: boolean): void {
  const [address = '', mask] = text.split('/');
  const bytes = address.includes(':') ? ipv6Bytes(address) : address.split('.').map(Number);
  out.byte(bytes.length === 4 ? IPV4 : IPV6);
  out.byte(mask === undefined ? bytes.length * 8 : Number(mask));
  out.byte(isNetwork ? 1 : 0);
  out.byte(bytes.length);
  out.raw(Uint8Array.from(bytes));
}

const GROUPS = 8;

function ipv6Bytes(address: string): readonly number[] {
  const [before = '', after] = address.split('::');
  const first = groupsOf(before);
  const last = groupsOf(after ?? '');
  const missing = after === undefined ? 0 : GROUPS - first.length - last.length;
  const groups = [...first, ...Array.from({ length: missing }, () => 0), ...last];
  return groups.flatMap((group) => [group >> 8, group & 0xff]);
}

function groupsOf(part: string): readonly number[] {
  return part
    .split(':')
    .filter((group) => group !== '')
    .flatMap((group) => {
      if (!group.includes('.')) return [Number.parseInt(group, 16)];
      const [a = 0, b = 0, c = 0, d = 0] = group.split('.').map(Number);
      return [(a << 8) | b, (c << 8) | d];
    });
}
