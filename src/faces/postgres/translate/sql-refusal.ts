/** A statement that is not answered, in the words and with the code that PostgreSQL's clients understand. */

export interface RefusalPlace {
  /** What to do instead. */
  readonly hint?: string;
  /** Byte of the text that was parsed, as the parser counts; -1 where unknown. */
  readonly location?: number | undefined;
}

export class SqlRefusal extends Error {
  readonly sqlstate: string;
  readonly hint: string | null;
  /** Counted from 1 in characters, as clients are told; null until the text is at hand, or where unknown. */
  readonly position: number | null;
  readonly location: number;

  constructor(
    sqlstate: string,
    message: string,
    { hint, location = -1 }: RefusalPlace = {},
    position: number | null = null,
  ) {
    super(message);
    this.sqlstate = sqlstate;
    this.hint = hint ?? null;
    this.location = location;
    this.position = position;
  }

  /** @param text all that was parsed */
  within(text: string): SqlRefusal {
    if (this.position !== null || this.location < 0) return this;
    const before = Buffer.from(text).subarray(0, this.location).toString();
    const place = { location: this.location, ...(this.hint === null ? {} : { hint: this.hint }) };
    return new SqlRefusal(
      this.sqlstate,
      this.message,
      place,
      before.replaceAll(/[\ud800-\udbff][\udc00-\udfff]/g, '.').length + 1,
    );
  }
}

/** 0A000: PostgreSQL would answer, and we couldn't to the last digit. */
export function unsupported(what: string, hint?: string, location?: number): SqlRefusal {
  return new SqlRefusal('0A000', `${what} is not supported here`, {
    ...(hint === undefined ? {} : { hint }),
    location,
  });
}
