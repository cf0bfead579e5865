/** SCRAM-SHA-256 as RFC 7677 has it, and what is refused. */
import { describe, expect, it } from 'vitest';
import { makeVerifier, ScramExchange } from '../../../src/faces/postgres/start-up/scram.ts';
import { Users } from '../../../src/faces/postgres/start-up/users.ts';

/** The example of RFC 7677, whose salt and nonces are given. */
const CLIENT_FIRST = 'n,,n=user,r=rOprNGfwEbeRWgbNEkqO';
const NONCE = '%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0';
const CLIENT_FINAL =
  'c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=';

async function rfcExchange(password = 'pencil'): Promise<ScramExchange> {
  const salt = Buffer.from('W22ZaJ0SNY7soEsUEjb6gQ==', 'base64');
  return new ScramExchange(await makeVerifier(password, salt));
}

describe('SCRAM-SHA-256', () => {
  it('says and accepts what the RFC says and accepts', async () => {
    const exchange = await rfcExchange();
    expect(exchange.begin(CLIENT_FIRST, NONCE)).toBe(
      'r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096',
    );
    expect(exchange.finish(CLIENT_FINAL)).toBe('v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=');
  });

  it('refuses the proof of another password', async () => {
    const exchange = await rfcExchange('pencils');
    exchange.begin(CLIENT_FIRST, NONCE);
    expect(exchange.finish(CLIENT_FINAL)).toBeNull();
  });

  it.each([
    ['channel binding, which is not offered', 'p=tls-unique,,n=,r=abc'],
    ['another user than the connection’s', 'n,a=other,n=,r=abc'],
    ['an extension that must be understood', 'n,,m=x,n=,r=abc'],
    ['a first message without a nonce', 'n,,n=user'],
    ['nothing', ''],
  ])('refuses %s', async (_, first) => {
    const exchange = await rfcExchange();
    expect(() => exchange.begin(first)).toThrow(/SCRAM-SHA-256/);
  });

  it.each([
    ['another nonce', CLIENT_FINAL.replace('r=rOpr', 'r=rOpx')],
    ['another channel than at first', CLIENT_FINAL.replace('c=biws', 'c=eSws')],
    ['a proof of another length', CLIENT_FINAL.replace(/p=.*/, 'p=AAAA')],
  ])('refuses %s', async (_, final) => {
    const exchange = await rfcExchange();
    exchange.begin(CLIENT_FIRST, NONCE);
    expect(() => exchange.finish(final)).toThrow(/SCRAM-SHA-256/);
  });

  it('shows the same salt for a name that nobody has each time, as for one that somebody has', async () => {
    const users = await Users.of([{ name: 'ann', password: 'a password of some length' }]);
    for (const name of ['ann', 'nobody']) {
      const [first, second] = [users.verifierOf(name), users.verifierOf(name)];
      expect(first.salt).toEqual(second.salt);
      expect(first.salt).toHaveLength(16);
      expect(first.iterations).toBe(4096);
    }
    expect(users.verifierOf('nobody').storedKey).not.toEqual(users.verifierOf('nobody').storedKey);
  });
});
