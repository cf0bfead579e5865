/** Times as `formatTime` spells them, written as bytes: `2024-01-15 12:34:56.789012+00`. */
import { type EpochUs, formatTime } from '../../domain/drain/parse-time.ts';

const DAY_US = 86_400_000_000;
const [SPACE, PLUS, POINT, ZERO, COLON] = [0x20, 0x2b, 0x2e, 0x30, 0x3a];

export class TimeText {
  /** What a time takes at most. */
  static readonly BYTES = 32;

  /** Most times are of the day of the one before. */
  #day = Number.NaN;
  #date: Buffer = Buffer.alloc(0);

  /** Returns where the next byte goes. */
  write(us: EpochUs, to: Buffer, at: number): number {
    const day = Math.floor(us / DAY_US);
    if (day !== this.#day) {
      const text = formatTime(day * DAY_US);
      this.#date = Buffer.from(text.slice(0, text.indexOf(' ')), 'latin1');
      this.#day = day;
    }
    let next = at;
    for (const byte of this.#date) to[next++] = byte;
    const rest = us - day * DAY_US;
    const seconds = Math.floor(rest / 1_000_000);
    to[next++] = SPACE;
    next = writeDigits(Math.floor(seconds / 3600), 2, to, next);
    to[next++] = COLON;
    next = writeDigits(Math.floor(seconds / 60) % 60, 2, to, next);
    to[next++] = COLON;
    next = writeDigits(seconds % 60, 2, to, next);
    const micros = rest - seconds * 1_000_000;
    if (micros !== 0) {
      to[next++] = POINT;
      next = writeDigits(micros, 6, to, next);
    }
    to[next++] = PLUS;
    return writeDigits(0, 2, to, next);
  }
}

/** The last `count` digits of the whole number. */
function writeDigits(value: number, count: number, to: Buffer, at: number): number {
  let rest = value;
  for (let place = at + count - 1; place >= at; place -= 1) {
    const tenth = Math.floor(rest / 10);
    to[place] = ZERO + rest - tenth * 10;
    rest = tenth;
  }
  return at + count;
}
