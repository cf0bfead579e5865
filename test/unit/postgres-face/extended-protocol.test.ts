/** The extended protocol, message by message. */
import { describe, expect, it, onTestFinished } from 'vitest';
import { int16, int32, message, text, uint32 } from '../../../src/faces/postgres/wire/backend.ts';
import { MessageLine } from '../../../src/hot/server/message-line.ts';
import { errorIn, type FaceScene, messagesIn, numbers, openFace, PASSWORD, USER } from './scene.ts';

const SYNC = message('S');

const parse = (name: string, sql: string, ...oids: readonly number[]): Buffer =>
  message('P', text(name), text(sql), int16(oids.length), ...oids.map(uint32));

const bind = (portal: string, name: string, ...values: readonly (string | null)[]): Buffer =>
  message(
    'B',
    text(portal),
    text(name),
    int16(0),
    int16(values.length),
    ...values.flatMap((value) =>
      value === null ? [int32(-1)] : [int32(Buffer.byteLength(value)), Buffer.from(value)],
    ),
    int16(0),
  );

const describeOf = (kind: 'S' | 'P', name: string): Buffer =>
  message('D', Buffer.from(kind), text(name));
const execute = (portal: string, most = 0): Buffer => message('E', text(portal), int32(most));
const close = (kind: 'S' | 'P', name: string): Buffer =>
  message('C', Buffer.from(kind), text(name));

/** Sends them with a Sync at the end. @returns what comes before ReadyForQuery */
type Exchange = (...messages: readonly Buffer[]) => Promise<Buffer>;

async function open(scene: FaceScene): Promise<Exchange> {
  const url = `postgres://${USER}:${encodeURIComponent(PASSWORD)}@127.0.0.1:${String(scene.face.port)}/any`;
  const line = await MessageLine.open({ url, job: 'test' });
  onTestFinished(() => line.close());
  return async (...messages) => {
    const told: Buffer[] = [];
    const request = Buffer.concat([...messages, SYNC]);
    await line.exchange(
      request,
      1,
      (one) => told.push(Buffer.from(one)),
      new AbortController().signal,
    );
    return Buffer.concat(told);
  };
}

const kinds = (told: Buffer): string =>
  messagesIn(told)
    .map(({ type }) => type)
    .join('');

const tags = (told: Buffer): readonly string[] =>
  messagesIn(told).flatMap(({ type, body }) =>
    type === 'C' ? [body.toString().slice(0, -1)] : [],
  );

describe('the extended protocol', () => {
  it('runs a statement in one go', async () => {
    const exchange = await open(await openFace());
    const told = await exchange(
      parse('', 'select n from x'),
      bind('', ''),
      describeOf('P', ''),
      execute(''),
    );
    expect(kinds(told)).toBe('12TDDDC');
    expect(tags(told)).toEqual(['SELECT 3']);
  });

  it('gives rows in portions, and says when there may be more', async () => {
    const exchange = await open(await openFace());
    const told = await exchange(
      parse('', 'select n from x'),
      bind('p', ''),
      execute('p', 2),
      execute('p', 2),
      execute('p', 2),
    );
    expect(kinds(told)).toBe('12DDsDCC');
    expect(tags(told)).toEqual(['SELECT 1', 'SELECT 0']);
  });

  it('does nothing after an error before Sync, and everything after it', async () => {
    const scene = await openFace();
    const exchange = await open(scene);
    const told = await exchange(
      parse('', 'selec 1'),
      bind('', ''),
      describeOf('P', ''),
      execute(''),
      parse('x', 'select 1 from md'),
    );
    expect(kinds(told)).toBe('E');
    expect(errorIn(told)).toMatchObject({ S: 'ERROR', C: '42601', P: '1' });
    expect(scene.asked).toEqual([]);
    expect(kinds(await exchange(bind('', 'x')))).toBe('E');
    expect(kinds(await exchange(parse('x', 'select 1 from md'), bind('', 'x'), execute('')))).toBe(
      '12DDDC',
    );
  });

  it('answers an empty statement as PostgreSQL does', async () => {
    const exchange = await open(await openFace());
    const told = await exchange(
      parse('', ' -- '),
      describeOf('S', ''),
      bind('', ''),
      describeOf('P', ''),
      execute(''),
    );
    expect(kinds(told)).toBe('1tn2nI');
  });

  it('keeps statements by name, and portals to the end of their transaction', async () => {
    const exchange = await open(await openFace());
    expect(kinds(await exchange(parse('s', 'select 1 from md'), bind('p', 's')))).toBe('12');
    expect(errorIn(await exchange(execute('p')))).toMatchObject({ C: '34000' });
    expect(errorIn(await exchange(parse('s', 'select 2')))).toMatchObject({ C: '42P05' });
    expect(kinds(await exchange(parse('b', 'begin'), bind('', 'b'), execute('')))).toBe('12C');
    expect(kinds(await exchange(bind('p', 's')))).toBe('2');
    expect(errorIn(await exchange(bind('p', 's')))).toMatchObject({ C: '42P03' });
    expect(errorIn(await exchange(bind('q', 's')))).toMatchObject({ C: '25P02' });
    expect(kinds(await exchange(parse('r', 'rollback'), bind('', 'r'), execute('')))).toBe('12C');
    expect(kinds(await exchange(close('S', 's'), close('P', 'none'), close('S', 'none')))).toBe(
      '333',
    );
    expect(errorIn(await exchange(bind('', 's')))).toMatchObject({ C: '26000' });
  });

  it.each([
    ['too few values', [parse('', 'select $1, $2'), bind('', '', 'a')], '08P01'],
    ['several statements', [parse('', 'select 1; select 2')], '42601'],
    ['a portal that there is not', [describeOf('P', 'none')], '34000'],
    ['a statement that there is not', [describeOf('S', 'none')], '26000'],
    ['a function call', [message('F', int32(1))], '0A000'],
    [
      'the description of a cursor that there is not',
      [parse('', 'fetch 1 from c'), bind('', ''), execute('')],
      '34000',
    ],
  ])('refuses %s', async (_, messages, code) => {
    const exchange = await open(await openFace());
    const told = await exchange(...messages);
    expect(errorIn(told)).toMatchObject({ C: code, S: 'ERROR' });
    expect(kinds(await exchange(parse('', 'select 1 from md'), bind('', ''), execute('')))).toBe(
      '12DDDC',
    );
  });

  it('hands values on by their types', async () => {
    const scene = await openFace();
    const exchange = await open(scene);
    const oids = [23, 20, 1700, 16, 25, 0, 1184];
    await exchange(
      parse('', 'select $1, $2, $3, $4, $5, $6, $7 from md', ...oids),
      bind('', '', '7', '9223372036854775807', '1.50', 't', "it's", null, '2024-01-01 00:00:00+01'),
      execute(''),
    );
    expect(scene.asked[0]).toMatchObject({
      parameterTypes: oids,
      values: ['7', '9223372036854775807', '1.50', 't', "it's", null, '2024-01-01 00:00:00+01'],
    });
  });

  it('says so when a column is of another type than it was told', async () => {
    let description = message('T', int16(0));
    const scene = await openFace({}, async ({ values }, { write }) => {
      if (values === null) await write(Buffer.concat([message('t', int16(0)), description]));
      else await write(numbers(1));
      return { rows: 1 };
    });
    const exchange = await open(scene);
    expect(kinds(await exchange(parse('s', 'select n from x'), describeOf('S', 's')))).toBe('1tT');
    expect(errorIn(await exchange(bind('', 's'), execute('')))).toMatchObject({ C: '0A000' });
    description = numbers(0);
    expect(kinds(await exchange(parse('t', 'select n from x'), describeOf('S', 't')))).toBe('1tT');
    expect(kinds(await exchange(bind('', 't'), execute('')))).toBe('2DC');
  });

  it('reads no more of an answer than the client does', async () => {
    let given = 0;
    const part = numbers(0);
    const row = message('D', int16(1), int32(10_000), Buffer.alloc(10_000, 'x'));
    const scene = await openFace({}, async (_, { write, signal }) => {
      await write(part);
      for (; !signal.aborted && given < 5_000; given += 1) await write(row);
      return { rows: given };
    });
    const exchange = await open(scene);
    await exchange(parse('', 'begin'), bind('', ''), execute(''));
    expect(
      kinds(await exchange(parse('', 'select n from x'), bind('p', ''), execute('p', 1))),
    ).toBe('12Ds');
    // One megabyte of them, and the part that was over it.
    expect(given).toBeLessThanOrEqual(106);
    await exchange(close('P', 'p'));
    expect(given).toBeLessThanOrEqual(107);
  });
});
