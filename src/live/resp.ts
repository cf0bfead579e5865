/** As much of Redis' protocol as it takes to leave replies as bytes. Source: redis.io, RESP3. */

/** One command. Its words are sent as UTF-8. */
export function encodeCommand(words: readonly string[]): string {
  let text = `*${String(words.length)}\r\n`;
  for (const word of words) text += `$${String(Buffer.byteLength(word))}\r\n${word}\r\n`;
  return text;
}

const LINE_FEED = 0x0a;
const MINUS = 0x2d;
const [BLOB, BLOB_ERROR, VERBATIM] = [0x24, 0x21, 0x3d];
const [ARRAY, SET, MAP] = [0x2a, 0x7e, 0x25];
const [TEXT, ERROR, NUMBER, NULL, BOOLEAN, DOUBLE, BIG] = [
  0x2b, 0x2d, 0x3a, 0x5f, 0x23, 0x2c, 0x28,
];

/**
 * Finds the ends of replies in bytes that arrive piece by piece. Goes on where the last piece ended,
 * so that every element is looked at once.
 */
export class ReplyScanner {
  /** Where the next element begins. */
  #at = 0;
  /** Elements that the reply at hand still lacks; 0 between two replies. */
  #lacking = 0;

  /** The end of the next whole reply among the first `end` bytes, or -1 when it is not there yet. */
  next(bytes: Buffer, end: number): number {
    if (this.#lacking === 0) this.#lacking = 1;
    while (this.#lacking > 0) {
      const behind = behindLine(bytes, this.#at, end);
      if (behind < 0) return -1;
      const last = behind + contentLength(bytes, this.#at);
      if (last > end) return -1;
      this.#lacking += elementCount(bytes, this.#at) - 1;
      this.#at = last;
    }
    return this.#at;
  }

  /** For the next bytes, which begin at 0. */
  reset(): void {
    this.#at = 0;
    this.#lacking = 0;
  }
}

/** How many bytes follow the line at `at` as its content. */
function contentLength(bytes: Buffer, at: number): number {
  switch (bytes[at]) {
    case BLOB:
    case BLOB_ERROR:
    case VERBATIM: {
      const length = numberAt(bytes, at + 1);
      // The length of nothing is -1, and then nothing follows.
      return length < 0 ? 0 : length + 2;
    }
    default:
      return 0;
  }
}

/** How many elements the one at `at` is followed by and made of. */
function elementCount(bytes: Buffer, at: number): number {
  const sign = bytes[at];
  switch (sign) {
    case BLOB:
    case BLOB_ERROR:
    case VERBATIM:
    case TEXT:
    case ERROR:
    case NUMBER:
    case NULL:
    case BOOLEAN:
    case DOUBLE:
    case BIG:
      return 0;
    case ARRAY:
    case SET:
      return Math.max(numberAt(bytes, at + 1), 0);
    case MAP:
      return numberAt(bytes, at + 1) * 2;
    default:
      throw new RangeError(`a reply of Redis begins with the byte ${String(sign)}`);
  }
}

function numberAt(bytes: Buffer, at: number): number {
  const isNegative = bytes[at] === MINUS;
  let value = 0;
  for (let position = isNegative ? at + 1 : at; ; position += 1) {
    const digit = (bytes[position] ?? 0) - 0x30;
    if (digit < 0 || digit > 9) return isNegative ? -value : value;
    value = value * 10 + digit;
  }
}

/** Behind the line that begins at `at`; -1 when it has not ended before `end`. */
function behindLine(bytes: Buffer, at: number, end: number): number {
  // Most lines are four bytes: calling into C++ would cost more than it saves.
  for (let position = at; position < end; position += 1) {
    if (bytes[position] === LINE_FEED) return position + 1;
  }
  return -1;
}

/** Walks through a reply that is all there. */
export class ReplyCursor {
  readonly bytes: Buffer;
  at: number;
  /** Of the text that was stepped over last. */
  from = 0;
  to = 0;

  constructor(bytes: Buffer, at = 0) {
    this.bytes = bytes;
    this.at = at;
  }

  /** Steps into an array or a map: how many elements follow; null for nothing. */
  enter(): number | null {
    const { bytes, at } = this;
    this.at = behindLine(bytes, at, bytes.length);
    if (bytes[at] === ARRAY || bytes[at] === MAP) {
      const count = numberAt(bytes, at + 1);
      if (count >= 0) return bytes[at] === MAP ? count * 2 : count;
    } else if (bytes[at] !== NULL) {
      throw new RangeError(`a reply of Redis has the byte ${String(bytes[at])} for an array`);
    }
    return null;
  }

  /** Steps over a text, and leaves its bounds in `from` and `to`. */
  text(): void {
    const { bytes, at } = this;
    if (bytes[at] !== BLOB) {
      throw new RangeError(`a reply of Redis has the byte ${String(bytes[at])} for a text`);
    }
    this.from = behindLine(bytes, at, bytes.length);
    this.to = this.from + numberAt(bytes, at + 1);
    this.at = this.to + 2;
  }

  /** Steps over an element with all that it is made of. */
  skip(): void {
    for (let lacking = 1; lacking > 0; lacking -= 1) {
      lacking += elementCount(this.bytes, this.at);
      this.at =
        behindLine(this.bytes, this.at, this.bytes.length) + contentLength(this.bytes, this.at);
    }
  }
}

/** The message of a refusal; null for any other reply. */
export function refusalOf(reply: Buffer | undefined): string | null {
  if (reply?.[0] !== ERROR) return null;
  return reply.toString('utf8', 1, reply.length - 2);
}

/** Whether the reply is an array, a map or a text with nothing in it, or none at all. */
export function isNothing(reply: Buffer): boolean {
  if (reply[0] === NULL) return true;
  const isCounted = reply[0] === ARRAY || reply[0] === MAP;
  return isCounted && numberAt(reply, 1) <= 0;
}
