/** Integers of 64 bits and more as numbers, where these hold them exactly. */

const WORD = 2 ** 32;
/** Of the high word of a safe integer. */
const HIGH = 2 ** 21;

/** As it lies in memory: words of 32 bits, the lowest first. NaN where it is no safe integer. */
export function wholeNumber(words: Int32Array, at: number): number {
  const high = words[at + 1] ?? 0;
  return high >= HIGH || high < -HIGH ? Number.NaN : high * WORD + ((words[at] ?? 0) >>> 0);
}

/** The same of 128 bits. */
export function wholeOf128(words: Int32Array, at: number): number {
  const sign = (words[at + 1] ?? 0) >> 31;
  return words[at + 2] === sign && words[at + 3] === sign ? wholeNumber(words, at) : Number.NaN;
}
