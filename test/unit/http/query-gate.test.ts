import { describe, expect, it } from 'vitest';
import { QueryGate } from '../../../src/http/query-gate.ts';

const { signal } = new AbortController();
const [ann, bob, cy] = [{}, {}, {}];

/** What it was answered so far, once all that can be has been. */
async function so<T>(asked: Promise<T>): Promise<T | 'waits'> {
  const later = new Promise<'waits'>((resolve) => {
    setImmediate(() => {
      resolve('waits');
    });
  });
  return Promise.race([asked, later]);
}

describe('the gate of queries', () => {
  it('lets a request wait while there is room in the queue, and a session whatever waits', async () => {
    const gate = new QueryGate({ concurrency: 1, queue: 1 });
    expect(await gate.enter(signal)).toBeNull();
    const request = gate.enter(signal);
    const sessions = [gate.enterAsSession(signal, ann), gate.enterAsSession(signal, bob)];
    expect(await gate.enter(signal)).toBe('full');
    expect(await Promise.all([request, ...sessions].map(so))).toEqual(['waits', 'waits', 'waits']);
    expect([gate.running, gate.waiting]).toEqual([1, 3]);
  });

  it('lets requests and sessions in by turns', async () => {
    const gate = new QueryGate({ concurrency: 1, queue: 9 });
    await gate.enterAsSession(signal, ann);
    const order: string[] = [];
    const names = ['bob', 'cy', 'dan'] as const;
    const sessions = names.map((name) => {
      const session = {};
      return gate.enterAsSession(signal, session).then(() => {
        order.push(name);
        gate.leave('answered', session);
      });
    });
    const requests = [1, 2].map((nth) =>
      gate.enter(signal).then(() => {
        order.push(`request ${String(nth)}`);
        gate.leave('answered');
      }),
    );
    gate.leave('answered', ann);
    await Promise.all([...sessions, ...requests]);
    expect(order).toEqual(['request 1', 'bob', 'request 2', 'cy', 'dan']);
    expect([gate.running, gate.waiting]).toEqual([0, 0]);
  });

  it('lets a session that has a turn wait for another one while somebody runs who does not wait', async () => {
    const gate = new QueryGate({ concurrency: 2, queue: 0 });
    await gate.enterAsSession(signal, ann);
    await gate.enter(signal);
    const second = gate.enterAsSession(signal, ann);
    expect(await so(second)).toBe('waits');
    gate.leave('answered');
    expect(await second).toBeNull();
    expect(await gate.enterAsSession(signal, ann)).toBe('full');
  });

  it('refuses the session whose wait would close a circle, and nobody else', async () => {
    const gate = new QueryGate({ concurrency: 2, queue: 0 });
    await gate.enterAsSession(signal, ann);
    await gate.enterAsSession(signal, bob);
    const third = gate.enterAsSession(signal, cy);
    const second = gate.enterAsSession(signal, ann);
    expect(await so(second)).toBe('waits');
    expect(await gate.enterAsSession(signal, bob)).toBe('full');
    gate.leave('failed', bob);
    expect(await so(third)).toBeNull();
    expect(await so(second)).toBe('waits');
    expect(await gate.enterAsSession(signal, cy)).toBe('full');
    gate.leave('answered', cy);
    expect(await second).toBeNull();
    expect(gate.running).toBe(2);
  });

  it('forgets who gives up waiting', async () => {
    const gate = new QueryGate({ concurrency: 2, queue: 0 });
    await gate.enterAsSession(signal, ann);
    await gate.enterAsSession(signal, bob);
    const own = new AbortController();
    const second = gate.enterAsSession(own.signal, ann);
    own.abort(new Error('gone'));
    await expect(second).rejects.toThrow('gone');
    expect(await so(gate.enterAsSession(signal, bob))).toBe('waits');
  });

  it('lets nobody in when it is closed, and waits for those that run', async () => {
    const gate = new QueryGate({ concurrency: 1, queue: 1 });
    await gate.enterAsSession(signal, ann);
    const waiting = gate.enter(signal);
    const closed = gate.close();
    expect(await gate.enterAsSession(signal, bob)).toBe('closed');
    expect(await so(closed)).toBe('waits');
    gate.leave('answered', ann);
    expect(await waiting).toBe('closed');
    await closed;
    expect(gate.counts).toEqual({ answered: 1, failed: 0, refused: 2 });
  });
});
