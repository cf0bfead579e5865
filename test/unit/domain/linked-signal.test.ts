import { getEventListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import { linkSignals } from '../../../src/domain/linked-signal.ts';
import { unlessAborted } from '../../../src/domain/unless-aborted.ts';

const listeners = ({ signal }: AbortController): number =>
  getEventListeners(signal, 'abort').length;

describe('a signal of several', () => {
  it('aborts with the first of them, and with its reason', () => {
    const [one, other] = [new AbortController(), new AbortController()];
    const link = linkSignals(one.signal, other.signal);
    expect(link.signal.aborted).toBe(false);
    other.abort('lost');
    one.abort('later');
    expect(link.signal.reason).toBe('lost');
  });

  it('is aborted from the start where one of them is', () => {
    expect(linkSignals(new AbortController().signal, AbortSignal.abort('over')).signal.reason).toBe(
      'over',
    );
  });

  it('leaves nothing on them once it is released', () => {
    const source = new AbortController();
    const link = linkSignals(source.signal);
    link.release();
    expect(listeners(source)).toBe(0);
    source.abort();
    expect(link.signal.aborted).toBe(false);
  });
});

describe('work that is waited for unless a signal aborts', () => {
  it('gives what it came to, and leaves nothing on the signal', async () => {
    const source = new AbortController();
    expect(await unlessAborted(Promise.resolve(7), source.signal)).toBe(7);
    await expect(unlessAborted(Promise.reject(new Error('no')), source.signal)).rejects.toThrow(
      'no',
    );
    expect(listeners(source)).toBe(0);
  });

  it('gives null when it aborts, and when it has', async () => {
    const source = new AbortController();
    const never = new Promise<number>(() => undefined);
    const waiting = unlessAborted(never, source.signal);
    source.abort();
    expect(await waiting).toBe(null);
    expect(await unlessAborted(never, source.signal)).toBe(null);
  });
});
