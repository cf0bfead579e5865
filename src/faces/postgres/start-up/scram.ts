/**
 * The server's side of SCRAM-SHA-256 (RFC 5802, RFC 7677), as PostgreSQL speaks it: without channel binding, and
 * with the user of the start-up message in place of the one that SCRAM names.
 */
import { createHash, createHmac, pbkdf2, randomBytes, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import { protocolViolation } from '../face-error.ts';

export const MECHANISM = 'SCRAM-SHA-256';

/** As PostgreSQL's own. */
const ITERATIONS = 4_096;
const KEY_BYTES = 32;
const NONCE_BYTES = 18;

/** What is kept of a password. */
export interface Verifier {
  readonly salt: Buffer;
  readonly iterations: number;
  readonly storedKey: Buffer;
  readonly serverKey: Buffer;
}

export async function makeVerifier(password: string, salt: Buffer): Promise<Verifier> {
  // What SASLprep makes of a password that it allows.
  const prepared = password.normalize('NFKC');
  const salted = await promisify(pbkdf2)(prepared, salt, ITERATIONS, KEY_BYTES, 'sha256');
  const storedKey = sha256(hmac(salted, 'Client Key'));
  return { salt, iterations: ITERATIONS, storedKey, serverKey: hmac(salted, 'Server Key') };
}

/** One that no password fits, for a name that nobody has: what is done with it takes as long. */
export function makeHollowVerifier(salt: Buffer): Verifier {
  const [storedKey, serverKey] = [randomBytes(KEY_BYTES), randomBytes(KEY_BYTES)];
  return { salt, iterations: ITERATIONS, storedKey, serverKey };
}

/** One log-in. */
export class ScramExchange {
  readonly #verifier: Verifier;
  #gs2Header = '';
  #clientFirstBare = '';
  #serverFirst = '';
  #nonce = '';

  constructor(verifier: Verifier) {
    this.#verifier = verifier;
  }

  /** @returns the answer to the client's first message @throws FaceError for what is none */
  begin(clientFirst: string, nonce = randomBytes(NONCE_BYTES).toString('base64')): string {
    // `n`: no channel binding; `y`: it would, were it offered. `p=` is not offered.
    const parts = /^([ny],,)((?:m=[^,]*,)?n=[^,]*,r=([\x21-\x2b\x2d-\x7e]+)(?:,.*)?)$/s.exec(
      clientFirst,
    );
    const [, header, bare, clientNonce] = parts ?? [];
    if (header === undefined || bare === undefined || clientNonce === undefined) {
      throw malformed();
    }
    if (bare.startsWith('m=')) throw malformed();
    this.#gs2Header = header;
    this.#clientFirstBare = bare;
    this.#nonce = clientNonce + nonce;
    const { salt, iterations } = this.#verifier;
    this.#serverFirst = `r=${this.#nonce},s=${salt.toString('base64')},i=${String(iterations)}`;
    return this.#serverFirst;
  }

  /** @returns what proves the server to the client; null for a wrong password @throws FaceError */
  finish(clientFinal: string): string | null {
    const parts = /^((c=[A-Za-z0-9+/=]*),r=([^,]*)(?:,.*)?),p=([A-Za-z0-9+/]{43}=)$/s.exec(
      clientFinal,
    );
    const [, withoutProof, channel, nonce, proof] = parts ?? [];
    if (withoutProof === undefined || nonce === undefined || proof === undefined) {
      throw malformed();
    }
    if (channel !== `c=${Buffer.from(this.#gs2Header).toString('base64')}`) throw malformed();
    if (nonce !== this.#nonce) throw malformed();
    const { storedKey, serverKey } = this.#verifier;
    const said = `${this.#clientFirstBare},${this.#serverFirst},${withoutProof}`;
    const signature = hmac(storedKey, said);
    const clientKey = Buffer.from(proof, 'base64').map((byte, at) => byte ^ (signature[at] ?? 0));
    const isRight = timingSafeEqual(sha256(clientKey), storedKey);
    const verified = hmac(serverKey, said).toString('base64');
    return isRight ? `v=${verified}` : null;
  }
}

function malformed(): Error {
  return protocolViolation('a message of SCRAM-SHA-256 is not as it has to be');
}

function hmac(key: Buffer, said: string): Buffer {
  return createHmac('sha256', key).update(said).digest();
}

function sha256(bytes: Uint8Array): Buffer {
  return createHash('sha256').update(bytes).digest();
}
