import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { confirm } from '../../../src/cli/terminal/confirm.ts';

const statement = 'This moves 12 rows of public.ticks to the lake.';

function ask(input: { isTTY: boolean; yes?: boolean; signal?: AbortSignal; text?: string }) {
  const stdin = Object.assign(new PassThrough(), { isTTY: input.isTTY });
  const stderr = new PassThrough();
  if (input.text !== undefined) stdin.end(input.text);
  const answer = confirm({
    statement,
    yes: input.yes ?? false,
    stdin,
    stderr,
    signal: input.signal ?? new AbortController().signal,
  });
  return { answer, shown: () => String(stderr.read() ?? '') };
}

describe('a question', () => {
  it.each([
    ['y\n', true],
    ['Yes\n', true],
    [' yes \n', true],
    ['n\n', false],
    ['\n', false],
    ['yep\n', false],
    ['', false],
  ])('is answered by %j: %s', async (text, expected) => {
    const { answer, shown } = ask({ isTTY: true, text });
    expect(await answer).toBe(expected);
    expect(shown()).toBe(`${statement}\nGo on? [y/N] `);
  });

  it('is not asked with --yes', async () => {
    const { answer, shown } = ask({ isTTY: false, yes: true });
    expect(await answer).toBe(true);
    expect(shown()).toBe('');
  });

  it('is an error where there is nobody to ask, whatever is piped in', async () => {
    const { answer } = ask({ isTTY: false, text: 'yes\n' });
    await expect(answer).rejects.toMatchObject({ code: 'CONFIRMATION_NEEDED', exitCode: 2 });
    await expect(answer).rejects.toThrow(statement);
  });

  it('is dropped at Ctrl-C', async () => {
    const controller = new AbortController();
    const { answer } = ask({ isTTY: true, signal: controller.signal });
    controller.abort('SIGINT');
    await expect(answer).rejects.toMatchObject({ code: 'INTERRUPTED', exitCode: 130 });
  });
});
