/** From the first byte of a connection to a session: what is told, refused and limited before anybody is known. */
import { once } from 'node:events';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { int32, message, text } from '../../../src/faces/postgres/wire/backend.ts';
import { errorIn, messagesIn, openFace, PASSWORD, readAll, startUp, USER } from './scene.ts';

const SSL_REQUEST = Buffer.concat([int32(8), int32(80_877_103)]);
const GSS_REQUEST = Buffer.concat([int32(8), int32(80_877_104)]);

describe('a start-up', () => {
  it('lets in who shows the password, and tells what a client has to know', async () => {
    const { connect, face } = await openFace();
    const client = await connect({ application_name: 'a test' });
    const { rows } = await client.query('show application_name');
    expect(rows).toEqual([{ application_name: 'a test' }]);
    expect((await client.query('show server_version')).rows).toEqual([{ server_version: '17.5' }]);
    expect((await client.query('show client_encoding')).rows).toEqual([
      { client_encoding: 'UTF8' },
    ]);
    expect(face.sessions).toBe(1);
  });

  it.each([
    ['another password', USER, 'another password than that'],
    ['a name that nobody has', 'nobody', PASSWORD],
  ])('refuses %s in the same words, and tells of it', async (_, user, password) => {
    const { connect, wrong, asked } = await openFace();
    await expect(connect({ user, password })).rejects.toMatchObject({
      code: '28P01',
      message: `password authentication failed for user "${user}"`,
    });
    expect(wrong).toEqual(['127.0.0.1']);
    expect(asked).toEqual([]);
  });

  it('answers a wish for encryption with no where there is none, and goes on', async () => {
    const { open } = await openFace();
    const socket = await open();
    for (const wish of [GSS_REQUEST, SSL_REQUEST]) {
      socket.write(wish);
      expect(String((await once(socket, 'data'))[0])).toBe('N');
    }
    socket.write(startUp({ user: USER }));
    const [first] = messagesIn((await once(socket, 'data'))[0] as Buffer);
    expect(first?.type).toBe('R');
    expect(first?.body.readInt32BE(0)).toBe(10);
    expect(first?.body.subarray(4).toString()).toBe('SCRAM-SHA-256\0\0');
  });

  it.each([
    ['3.9, and an option of the protocol', 0x3_0009, { '_pq_.some': 'x' }, 0x3_0002],
    ['an option alone', 0x3_0000, { '_pq_.some': 'x' }, 0x3_0000],
  ])('offers what it speaks to who asks for %s', async (_, version, options, offered) => {
    const { open } = await openFace();
    const socket = await open();
    socket.write(startUp({ user: USER, ...options }, version));
    const [first] = messagesIn((await once(socket, 'data'))[0] as Buffer);
    expect(first?.type).toBe('v');
    expect(first?.body.readInt32BE(0)).toBe(offered);
    expect(first?.body.readInt32BE(4)).toBe(1);
    expect(first?.body.subarray(8).toString()).toBe('_pq_.some\0');
  });

  it.each([
    ['protocol 2', startUp({ user: USER }, 0x2_0000), '0A000'],
    ['no user', startUp({ database: 'x' }), '28000'],
    ['replication', startUp({ user: USER, replication: 'true' }), '0A000'],
    [
      'a text without an end',
      Buffer.concat([int32(12), int32(0x3_0000), Buffer.from('user')]),
      '08P01',
    ],
    ['a message longer than any start-up', int32(1_000_000), '54000'],
    ['a length that none can have', int32(-5), '08P01'],
    [
      'a question before the password',
      Buffer.concat([startUp({ user: USER }), message('Q', text('select 1'))]),
      '08P01',
    ],
    [
      'a password of 5,000 bytes',
      Buffer.concat([startUp({ user: USER }), Buffer.from('p'), int32(5_004)]),
      '54000',
    ],
  ])('refuses %s with one error, and ends', async (_, bytes, sqlstate) => {
    const { open, asked, errors } = await openFace();
    const socket = await open();
    socket.write(bytes);
    const all = await readAll(socket);
    expect(errorIn(all)).toMatchObject({ S: 'FATAL', V: 'FATAL', C: sqlstate });
    expect(asked).toEqual([]);
    expect(errors).toEqual([]);
  });

  it('ends a connection that says nothing in time', async () => {
    const { open } = await openFace({ startUpMs: 50 });
    expect(await readAll(await open())).toHaveLength(0);
  });

  it('has so many sessions and no more, and takes the next one in when one has left', async () => {
    const { connect, face } = await openFace({ maxConnections: 1 });
    const first = await connect();
    await expect(connect()).rejects.toMatchObject({ code: '53300' });
    await first.end();
    await expect.poll(() => face.sessions).toBe(0);
    await connect();
  });

  it('refuses a setting that can’t be had, before anything is asked', async () => {
    const { connect } = await openFace();
    await expect(connect({ options: '-c datestyle=German' })).rejects.toMatchObject({
      code: '22023',
    });
    const client = await connect({ options: '-c TimeZone=Europe/Berlin' });
    expect((await client.query('show timezone')).rows).toEqual([{ TimeZone: 'Europe/Berlin' }]);
  });
});

const bytes = fc.oneof(
  fc.uint8Array({ maxLength: 300 }).map((some) => Buffer.from(some)),
  // Close enough to be read further than noise is.
  fc
    .record({
      type: fc.constantFrom(...Array.from('QPBDECSHXpFdcf')),
      length: fc.oneof(fc.constant(null), fc.integer()),
      body: fc.uint8Array({ maxLength: 60 }),
    })
    .map(({ type, length, body }) =>
      Buffer.concat([Buffer.from(type), int32(length ?? body.length + 4), body]),
    ),
  fc
    .record({ version: fc.constantFrom(0x3_0000, 0x3_0002, 0x3_0063), user: fc.string() })
    .map(({ version, user }) => startUp({ user: user.replaceAll('\0', '') }, version)),
  fc.constantFrom(SSL_REQUEST, GSS_REQUEST),
  fc
    .uint8Array({ minLength: 4, maxLength: 40 })
    .map((key) => Buffer.concat([int32(key.length + 12), int32(80_877_102), int32(1), key])),
);

describe('any bytes in any order, cut anywhere', () => {
  it('never let anybody in, never ask, and never end the process', async () => {
    const { open, connect, asked, errors, face } = await openFace({ startUpMs: 300 });
    await fc.assert(
      fc.asyncProperty(
        fc.array(bytes, { minLength: 1, maxLength: 6 }),
        fc.array(fc.nat(), { maxLength: 4 }),
        fc.boolean(),
        async (parts, cuts, ends) => {
          const socket = await open();
          const read = readAll(socket);
          const all = Buffer.concat(parts);
          let at = 0;
          for (const cut of cuts.map((one) => one % (all.length + 1)).sort((a, b) => a - b)) {
            socket.write(all.subarray(at, cut));
            await new Promise((resolve) => setImmediate(resolve));
            at = cut;
          }
          socket.write(all.subarray(at));
          if (ends) socket.end();
          const said = messagesIn(await read);
          // AuthenticationOk is the number 0; a session begins with ReadyForQuery.
          expect(said.some(({ type, body }) => type === 'R' && body.readInt32BE(0) === 0)).toBe(
            false,
          );
          expect(said.map(({ type }) => type)).not.toContain('Z');
        },
      ),
      { numRuns: 200 },
    );
    expect(asked).toEqual([]);
    expect(errors).toEqual([]);
    const client = await connect();
    expect((await client.query('select 1 from md')).rows).toHaveLength(3);
    await client.end();
    await expect.poll(() => face.sessions).toBe(0);
  });
});
