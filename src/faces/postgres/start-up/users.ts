/** Who may ask, and what is kept of their passwords. */
import { createHmac, randomBytes } from 'node:crypto';
import { makeHollowVerifier, makeVerifier, type Verifier } from './scram.ts';

export interface FaceUser {
  readonly name: string;
  readonly password: string;
}

const SALT_BYTES = 16;

export class Users {
  readonly #verifiers: ReadonlyMap<string, Verifier>;
  readonly #secret: Buffer;

  private constructor(verifiers: ReadonlyMap<string, Verifier>, secret: Buffer) {
    this.#verifiers = verifiers;
    this.#secret = secret;
  }

  /** Made before anybody asks: no first log-in takes longer than one of a user that there is not. */
  static async of(users: readonly FaceUser[]): Promise<Users> {
    const secret = randomBytes(32);
    const made = users.map(async ({ name, password }) => {
      return [name, await makeVerifier(password, saltOf(secret, name))] as const;
    });
    return new Users(new Map(await Promise.all(made)), secret);
  }

  /** For a name that nobody has one that looks the same, each time anew, and that no password fits. */
  verifierOf(name: string): Verifier {
    const hollow = makeHollowVerifier(saltOf(this.#secret, name));
    return this.#verifiers.get(name) ?? hollow;
  }
}

function saltOf(secret: Buffer, name: string): Buffer {
  return createHmac('sha256', secret).update(name).digest().subarray(0, SALT_BYTES);
}
