/** What a session is cancelled by: a number, and a secret that its client alone was told. */
import { randomBytes, randomInt, timingSafeEqual } from 'node:crypto';

const SHORT_BYTES = 4;
/** From protocol 3.2 on. */
const LONG_BYTES = 32;

export interface CancelKey {
  readonly pid: number;
  readonly secret: Buffer;
}

export class CancelKeys {
  readonly #sessions = new Map<number, { readonly secret: Buffer; readonly cancel: () => void }>();

  /** @param cancel ends what the session does at that moment, and not the session */
  add(minor: number, cancel: () => void): CancelKey {
    const secret = randomBytes(minor >= 2 ? LONG_BYTES : SHORT_BYTES);
    let pid: number;
    do pid = randomInt(1, 2 ** 31);
    while (this.#sessions.has(pid));
    this.#sessions.set(pid, { secret, cancel });
    return { pid, secret };
  }

  remove({ pid }: CancelKey): void {
    this.#sessions.delete(pid);
  }

  /** Whoever shows the wrong secret learns nothing, not even that. */
  cancel(pid: number, secret: Buffer): void {
    const session = this.#sessions.get(pid);
    if (session?.secret.length !== secret.length) return;
    if (timingSafeEqual(session.secret, secret)) session.cancel();
  }
}
