/** What a client of the protocol is told, in the fields that it knows. */

export interface FaceErrorInit {
  /** Five characters, as in PostgreSQL's appendix of error codes. */
  readonly sqlstate: string;
  readonly message: string;
  readonly detail?: string | undefined;
  readonly hint?: string | undefined;
  /** Of the statement's text, in characters from 1. */
  readonly position?: number | undefined;
  /** The connection ends with it. */
  readonly isFatal?: boolean;
}

export class FaceError extends Error {
  override readonly name = 'FaceError';
  readonly sqlstate: string;
  readonly detail: string | undefined;
  readonly hint: string | undefined;
  readonly position: number | undefined;
  readonly isFatal: boolean;

  constructor(init: FaceErrorInit) {
    super(init.message);
    this.sqlstate = init.sqlstate;
    this.detail = init.detail;
    this.hint = init.hint;
    this.position = init.position;
    this.isFatal = init.isFatal ?? false;
  }

  /** So many characters further on. */
  movedBy(characters: number): FaceError {
    const { position } = this;
    const moved = position === undefined ? undefined : position + characters;
    return new FaceError({ ...this.#fields(), position: moved });
  }

  /** It ends the connection. */
  asFatal(): FaceError {
    return new FaceError({ ...this.#fields(), isFatal: true });
  }

  #fields(): FaceErrorInit {
    const { sqlstate, message, detail, hint, position, isFatal } = this;
    return { sqlstate, message, detail, hint, position, isFatal };
  }
}

/** Bytes that are no message, or not in their place. What comes after them can't be understood either. */
export function protocolViolation(message: string): FaceError {
  return new FaceError({ sqlstate: '08P01', message, isFatal: true });
}
