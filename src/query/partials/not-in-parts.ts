/** Thrown where a SELECT can't be aggregated in parts; caught where its rows are fetched instead. */
export class NotInParts extends Error {
  /** A clause: `median(price) is made of all rows at once`. */
  readonly reason: string;

  constructor(reason: string) {
    super(reason);
    this.reason = reason;
  }
}
