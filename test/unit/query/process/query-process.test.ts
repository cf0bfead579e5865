/** Real processes that misbehave: what a query may do to its parent, and what its parent does then. */
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { QueryProcess } from '../../../../src/query/process/query-process.ts';
import { directoryWith } from '../../../support/config-file.ts';

/** Each task is the name of what it does. What it says at its end comes with so many bytes of rows. */
const PROGRAM = `
import { Socket } from 'node:net';
const rows = new Socket({ fd: 4, readable: false, writable: true });
rows.on('error', () => undefined);
const answered = (rowBytes) => ({ kind: 'answered', summary: { rows: 2 }, rowBytes });
const failed = (code, message, rowBytes) => ({ kind: 'failed', error: { code, message, hint: 'h', context: { n: 1n }, stack: 's' }, rowBytes });
const ways = {
  answers() { process.send({ kind: 'nonsense' }); process.send('text'); console.log('not a row'); rows.write('a'); rows.write('b'); process.send(answered(2)); },
  answersFirst() { process.send(answered(2)); setTimeout(() => rows.write('ab'), 50); },
  answersLate() { rows.write('ab'); setTimeout(() => process.send(answered(2)), 50); },
  answersAndGoes() { rows.end('ab'); process.send(answered(2), () => process.exit(0)); },
  warns() { process.send({ kind: 'warning', text: 'beware' }); process.send(answered(0)); },
  fails() { rows.write('a'); process.send(failed('QUERY_INVALID', 'm', 1)); },
  failsStrangely() { process.send(failed(null, 'strange', 0)); },
  eats() { const held = []; setInterval(() => held.push(Buffer.alloc(4 << 20, 1)), 1); },
  aborts() { process.abort(); },
  throws() { throw new Error('thrown at the top'); },
  exits() { process.exit(7); },
  outgrowsItsHeap() { const held = []; for (;;) held.push({ n: [held.length] }); },
  isDeaf() { rows.write('a'); setInterval(() => undefined, 1000); },
  obeys() { rows.write('a'); setInterval(() => undefined, 1000); },
  goesSilent() { rows.write('a'); rows.end(); process.disconnect(); setInterval(() => undefined, 1000); },
};
process.on('message', (said) => {
  if (said.kind === 'task') ways[said.task]();
  else if (process.argv[2] !== 'isDeaf') process.send(failed('INTERRUPTED', 'obeyed', 1));
});
`;

interface Run {
  readonly text: string;
  readonly warnings: readonly string[];
  readonly result: unknown;
}

async function run(
  way: string,
  options: {
    readonly maxMemoryBytes?: number;
    readonly signal?: AbortSignal;
    readonly write?: (part: Buffer) => Promise<void>;
    readonly program?: string;
  } = {},
): Promise<Run> {
  const directory = directoryWith({ 'child.mjs': PROGRAM });
  const { program = process.execPath } = options;
  let text = '';
  const warnings: string[] = [];
  const child = new QueryProcess({
    argv: [program, '--max-old-space-size=64', join(directory, 'child.mjs'), way],
    env: {},
    workingDirectory: directory,
  });
  const result: unknown = await child
    .ask(way, {
      maxMemoryBytes: options.maxMemoryBytes ?? 1e9,
      signal: options.signal ?? new AbortController().signal,
      write: options.write ?? (async (part) => void (text += part.toString())),
      warn: (warning) => warnings.push(warning),
    })
    .catch((error: unknown) => error);
  await child.kill();
  expect(child.isGone).toBe(true);
  return { text, warnings, result };
}

describe('the process of a query', () => {
  it('hands on its rows, and nothing that it prints', async () => {
    expect(await run('answers')).toEqual({ text: 'ab', warnings: [], result: { rows: 2 } });
    for (const way of ['answersFirst', 'answersLate', 'answersAndGoes']) {
      expect(await run(way), way).toMatchObject({ text: 'ab', result: { rows: 2 } });
    }
    expect(await run('warns')).toMatchObject({ warnings: ['beware'] });
  });

  it('that fails says why, in its own words', async () => {
    const { text, result } = await run('fails');
    expect(text).toBe('a');
    expect(result).toMatchObject({
      code: 'QUERY_INVALID',
      message: 'm',
      hint: 'h',
      context: { n: 1n },
    });
    expect((await run('failsStrangely')).result).toMatchObject({
      name: 'Error',
      message: 'strange',
    });
  });

  it('that takes too much is ended, with the key that bounds it', async () => {
    const { result } = await run('eats', { maxMemoryBytes: 150 * 1024 ** 2 });
    expect(result).toMatchObject({
      code: 'QUERY_TOO_LARGE',
      message: expect.stringContaining('query.max_memory is 150MB'),
    });
  });

  it.each([
    ['aborts', 'was ended by SIGABRT'],
    ['throws', 'ended with 1 before it had answered: Error: thrown at the top'],
    ['exits', 'ended with 7'],
    ['outgrowsItsHeap', 'heap out of memory'],
    ['goesSilent', 'before it had answered'],
  ])('that %s is told as such', async (way, told) => {
    const { result } = await run(way);
    expect(result).toMatchObject({
      code: 'QUERY_ENGINE_DIED',
      message: expect.stringContaining(told),
    });
  });

  it('that can not be started is told as such', async () => {
    const { result } = await run('answers', { program: '/nowhere/node' });
    expect(result).toMatchObject({
      code: 'QUERY_ENGINE_DIED',
      message: expect.stringContaining('could not be started'),
    });
  });

  it.each(['obeys', 'isDeaf'])('that %s ends when it is interrupted', async (way) => {
    const stop = new AbortController();
    const { result } = await run(way, {
      signal: stop.signal,
      write: async () => stop.abort(),
    });
    expect(result).toMatchObject({ code: 'INTERRUPTED' });
  });

  it('is not even begun after an interrupt', async () => {
    expect((await run('isDeaf', { signal: AbortSignal.abort() })).result).toMatchObject({
      code: 'INTERRUPTED',
    });
  });

  it('ends with its reader, whose trouble is told', async () => {
    const { result } = await run('isDeaf', {
      write: async () => Promise.reject(new Error('the reader is gone')),
    });
    expect(result).toMatchObject({ message: 'the reader is gone' });
  });
});
