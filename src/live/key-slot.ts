/** Which of a cluster's 16,384 slots a key belongs to. Source: the Redis Cluster specification. */

const SLOTS = 16_384;

/** CRC-16/XMODEM, a byte at a time. */
const CRC = Uint16Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 8;
  for (let bit = 0; bit < 8; bit += 1) crc = (crc << 1) ^ (crc & 0x8000 ? 0x1021 : 0);
  return crc;
});

export function keySlot(key: string): number {
  let crc = 0;
  for (const byte of Buffer.from(hashTag(key))) {
    crc = ((crc << 8) ^ (CRC[((crc >> 8) ^ byte) & 0xff] ?? 0)) & 0xffff;
  }
  return crc % SLOTS;
}

/** What of the key is hashed: what stands in its first braces, unless that is nothing. */
function hashTag(key: string): string {
  const open = key.indexOf('{');
  const close = open < 0 ? -1 : key.indexOf('}', open + 1);
  return close > open + 1 ? key.slice(open + 1, close) : key;
}

const tags: string[] = [];

/** A tag whose keys lie in the same slot as `key`, for keys that can't be a tag themselves. */
function tagOfSlot(slot: number): string {
  for (let number = 0; tags[slot] === undefined; number += 1) {
    tags[keySlot(String(number))] ??= String(number);
  }
  return tags[slot];
}

/** What `{…}` must hold in the name of another key that is to lie in the slot of `key`. */
export function tagFor(key: string): string {
  const tag = hashTag(key);
  return tag === '' || tag.includes('}') ? tagOfSlot(keySlot(key)) : tag;
}
