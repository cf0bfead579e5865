/** Real HTTP on loopback and real commands; only the clock's pace is the test's. */

import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { Outbox } from '../../../../src/daemon/alerts/outbox.ts';
import type { Receiver } from '../../../../src/daemon/alerts/receiver.ts';
import { commandSender } from '../../../../src/daemon/alerts/run-command.ts';
import { webhookSender } from '../../../../src/daemon/alerts/send-webhook.ts';
import type { Notification } from '../../../../src/domain/alert.ts';
import { systemClock } from '../../../../src/domain/time/clock.ts';
import { directoryWith } from '../../../support/config-file.ts';
import { freePort } from '../../../support/free-port.ts';

const SENDER = { owner: 'default', holder: 'here:1', host: 'here', database: 'db:5432/app' };

const note = (event: Notification['event'], change: Partial<Notification['alert']> = {}) => ({
  event,
  atMs: Date.now(),
  alert: {
    id: 'job_failed:rotate',
    kind: 'job_failed' as const,
    severity: 'error' as const,
    subject: 'rotate',
    message: 'a < b & $(touch pwned) \0',
    sinceMs: 0,
    ...change,
  },
});

const isDelivered = (outbox: Outbox, id: string): boolean => {
  const { receivers, toldTo } = outbox.deliveryOf({ id, kind: 'job_failed' });
  return receivers.length > 0 && receivers.length === toldTo.length;
};

interface Hook {
  readonly url: string;
  readonly bodies: unknown[];
  answer: { status: number; headers?: Record<string, string>; body?: string };
  listen(): Promise<void>;
}

const servers: Server[] = [];
const boxes: Outbox[] = [];
afterEach(async () => {
  for (const box of boxes.splice(0)) await box.close();
  for (const server of servers.splice(0)) server.closeAllConnections();
});

async function read(request: IncomingMessage): Promise<unknown> {
  let text = '';
  for await (const part of request) text += String(part);
  return JSON.parse(text);
}

/** Not there until it listens. */
async function makeHook(): Promise<Hook> {
  const port = await freePort();
  const bodies: unknown[] = [];
  const server = createServer((request, response) => {
    void read(request).then((body) => {
      bodies.push(body);
      response.writeHead(hook.answer.status, hook.answer.headers);
      response.end(hook.answer.body ?? '');
    });
  });
  servers.push(server);
  const hook: Hook = {
    url: `http://127.0.0.1:${String(port)}/services/SECRET`,
    bodies,
    answer: { status: 200 },
    listen: () =>
      new Promise((resolve) => {
        server.listen(port, '127.0.0.1', () => resolve());
      }),
  };
  return hook;
}

const webhook = (url: string, format: 'json' | 'slack' = 'json', name = 'ops'): Receiver => ({
  name,
  kinds: null,
  send: webhookSender({ name, url, format, timeoutMs: 2_000 }, SENDER),
});

const SECRET_ENV = { ...process.env, TIERD_POSTGRES_URL: 'postgres://a:b@c/d', PAGER_TOKEN: 'p' };

const command = (line: string, directory: string, timeoutMs = 5_000): Receiver => ({
  name: 'pager',
  kinds: null,
  send: commandSender(
    {
      name: 'pager',
      command: line,
      timeoutMs,
      variables: ['PAGER_TOKEN'],
      env: SECRET_ENV,
      workingDirectory: directory,
    },
    SENDER,
  ),
});

function open(receivers: readonly Receiver[], giveUpAfterMs = 60_000) {
  const log: string[] = [];
  const say = (_figures: object, text: string): void => void log.push(text);
  const outbox = new Outbox({
    clock: systemClock,
    random: () => 0,
    logger: { debug: say, info: say, warn: say, error: say },
    receivers: () => receivers,
    giveUpAfterMs: () => giveUpAfterMs,
    onChange: () => undefined,
    backOff: { firstDelayMs: 10, maxDelayMs: 40 },
  });
  boxes.push(outbox);
  return { outbox, log };
}

const never = new AbortController().signal;

describe('a webhook', () => {
  it('gets the whole document, or a line in the form of Slack', async () => {
    const hook = await makeHook();
    await hook.listen();
    expect(await webhook(hook.url).send(note('firing'), never)).toEqual({
      ok: true,
      answer: 'HTTP 200',
    });
    await webhook(hook.url, 'slack').send(note('recovered'), never);
    expect(hook.bodies).toEqual([
      {
        event: 'firing',
        id: 'job_failed:rotate',
        kind: 'job_failed',
        severity: 'error',
        subject: 'rotate',
        message: 'a < b & $(touch pwned) \0',
        since: '1970-01-01T00:00:00.000Z',
        at: expect.stringMatching(/Z$/) as string,
        owner: 'default',
        daemon: 'here:1',
        host: 'here',
        database: 'db:5432/app',
      },
      {
        text: '[recovered] tierd on here, database db:5432/app: job failed: a &lt; b &amp; $(touch pwned) \0 (since 1970-01-01T00:00:00.000Z)',
      },
    ]);
  });

  it('is judged by its answer, and its address is never told', async () => {
    const hook = await makeHook();
    const ask = () => webhook(hook.url).send(note('test'), never);
    expect(await ask()).toMatchObject({ ok: false, reason: 'ECONNREFUSED', isFinal: false });
    await hook.listen();
    hook.answer = { status: 404, body: 'no_service\n' };
    expect(await ask()).toMatchObject({ isFinal: true, reason: 'HTTP 404: no_service' });
    hook.answer = { status: 429, headers: { 'retry-after': '7' } };
    expect(await ask()).toMatchObject({ isFinal: false, retryAfterMs: 7_000 });
    hook.answer = { status: 503 };
    expect(await ask()).toMatchObject({ isFinal: false, retryAfterMs: null });
    hook.answer = { status: 302, headers: { location: hook.url } };
    expect(await ask()).toMatchObject({ ok: false, isFinal: true });
    hook.answer = { status: 200, body: 'x'.repeat(1_000_000) };
    expect(((await ask()) as { answer: string }).answer.length).toBeLessThan(220);
  });

  it('that does not answer is not waited for', async () => {
    const server = createServer(() => undefined);
    servers.push(server);
    const port = await freePort();
    await new Promise<void>((resolve) => {
      server.listen(port, '127.0.0.1', () => resolve());
    });
    const url = `http://127.0.0.1:${String(port)}`;
    const send = webhookSender({ name: 'x', url, format: 'json', timeoutMs: 50 }, SENDER);
    expect(await send(note('test'), never)).toMatchObject({ reason: 'no answer within 50 ms' });
  });
});

describe('a command', () => {
  it('gets the alert on its stdin and in its environment, and nothing of it is run', async () => {
    const directory = directoryWith({});
    const line = 'cat > got.json; printf %s "$TIERD_ALERT_KIND $TIERD_ALERT_MESSAGE" > got.txt';
    expect(await command(line, directory).send(note('firing'), never)).toEqual({
      ok: true,
      answer: 'exit code 0',
    });
    const got = JSON.parse(readFileSync(join(directory, 'got.json'), 'utf8')) as unknown;
    expect(got).toMatchObject({ event: 'firing', kind: 'job_failed' });
    expect(readFileSync(join(directory, 'got.txt'), 'utf8')).toBe(
      'job_failed a < b & $(touch pwned) ',
    );
  });

  it('fails by its exit code, and one that hangs is killed with what it started', async () => {
    const directory = directoryWith({});
    const failing = command('echo out of paper >&2; exit 3', directory);
    expect(await failing.send(note('test'), never)).toMatchObject({
      ok: false,
      reason: 'exit code 3: out of paper',
    });
    const hanging = command('sleep 100 & wait', directory, 100);
    expect(await hanging.send(note('test'), never)).toMatchObject({
      reason: 'took longer than 100 ms and was killed',
    });
    const curious = command('env >"$PWD/seen"', directory);
    expect(await curious.send(note('test'), never)).toMatchObject({ ok: true });
    const seen = readFileSync(join(directory, 'seen'), 'utf8');
    expect(seen).toMatch(/^PATH=/m);
    expect(seen).toMatch(/^PAGER_TOKEN=p$/m);
    expect(seen).toMatch(/^TIERD_ALERT_KIND=/m);
    expect(seen, 'what nobody named').not.toMatch(/POSTGRES|postgres:/);
    const deaf = command('exec 0<&-; exit 0', directory);
    expect(await deaf.send(note('test'), never)).toMatchObject({ ok: true });
  });
});

describe('the outbox', () => {
  it('brings to a receiver that was down what it missed, in order, and says so once', async () => {
    const hook = await makeHook();
    const { outbox, log } = open([webhook(hook.url)]);
    outbox.post(note('firing'));
    await expect.poll(() => log).toHaveLength(1);
    expect(log[0]).toBe('ops: does not take alerts (ECONNREFUSED); it is tried again');
    outbox.post(note('still_firing'));
    expect(isDelivered(outbox, 'job_failed:rotate')).toBe(false);
    await hook.listen();
    await expect
      .poll(() => hook.bodies)
      .toMatchObject([{ event: 'firing' }, { event: 'still_firing' }]);
    await expect.poll(() => isDelivered(outbox, 'job_failed:rotate')).toBe(true);
    expect(log.slice(1)).toEqual(['ops: takes alerts again']);
    expect(log.join()).not.toContain('SECRET');
  });

  it('holds up no receiver for another', async () => {
    const down = await makeHook();
    const up = await makeHook();
    await up.listen();
    const { outbox } = open([webhook(down.url, 'json', 'down'), webhook(up.url, 'json', 'up')]);
    outbox.post(note('firing'));
    await expect.poll(() => up.bodies).toHaveLength(1);
    expect(isDelivered(outbox, 'job_failed:rotate')).toBe(false);
  });

  it('says what it gives up, and goes on with the next', async () => {
    const hook = await makeHook();
    await hook.listen();
    hook.answer = { status: 410 };
    const { outbox, log } = open([webhook(hook.url)]);
    outbox.post(note('firing', { message: 'first' }));
    await expect
      .poll(() => log)
      .toEqual(['ops: an alert was not delivered (HTTP 410): firing: first']);
    expect(isDelivered(outbox, 'job_failed:rotate')).toBe(false);
    hook.answer = { status: 200 };
    outbox.post(note('firing', { id: 'job_failed:scrub' }));
    await expect.poll(() => isDelivered(outbox, 'job_failed:scrub')).toBe(true);

    const patient = open([webhook((await makeHook()).url)], 0);
    patient.outbox.post(note('firing', { message: 'late' }));
    await expect
      .poll(() => patient.log)
      .toEqual(['ops: an alert was not delivered (ECONNREFUSED): firing: late']);
  });

  it('is bounded, and its end says what was not delivered', async () => {
    const { outbox, log } = open([webhook((await makeHook()).url)]);
    for (let n = 0; n < 205; n += 1) outbox.post(note('firing', { message: String(n) }));
    const lost = (): readonly string[] => log.filter((line) => line.includes('not delivered'));
    expect(lost()).toHaveLength(5);
    expect(lost()[0]).toContain('too many wait');
    await outbox.close();
    expect(lost()).toHaveLength(205);
    expect(lost().at(-1)).toContain('the daemon stops): firing: 204');
  });

  it('sends to each what it wants, and a test to everybody', async () => {
    const hook = await makeHook();
    await hook.listen();
    const { outbox } = open([{ ...webhook(hook.url), kinds: ['bad_segment'] }]);
    outbox.post(note('firing'));
    expect(isDelivered(outbox, 'job_failed:rotate')).toBe(false);
    outbox.post(note('firing', { id: 'bad_segment:scrub', kind: 'bad_segment' }));
    outbox.post({ ...note('test'), alert: { ...note('test').alert, id: 't', kind: 'test' } });
    await expect.poll(() => hook.bodies).toMatchObject([{ kind: 'bad_segment' }, { kind: 'test' }]);
  });

  it('calls delivered only what has the newest word of it', async () => {
    const taken: string[] = [];
    const isHeld = { still: true };
    const { outbox } = open([
      {
        name: 'slow',
        kinds: null,
        send: ({ event }) => {
          if (event === 'still_firing' && isHeld.still) {
            return Promise.resolve({ ok: false, reason: '', isFinal: false, retryAfterMs: null });
          }
          taken.push(event);
          return Promise.resolve({ ok: true, answer: '' });
        },
      },
    ]);
    outbox.post(note('firing'));
    outbox.post(note('still_firing'));
    await expect.poll(() => taken).toEqual(['firing']);
    expect(isDelivered(outbox, 'job_failed:rotate')).toBe(false);
    isHeld.still = false;
    await expect.poll(() => isDelivered(outbox, 'job_failed:rotate')).toBe(true);
  });

  it('tells only those who have not heard before, and one that is new', async () => {
    const taken: string[] = [];
    const receivers = ['heard', 'away', 'new'].map((name) => ({
      name,
      kinds: null,
      send: () => {
        taken.push(name);
        return Promise.resolve({ ok: true as const, answer: '' });
      },
    }));
    const { outbox } = open(receivers);
    outbox.post(note('firing'), ['heard', 'gone']);
    await expect.poll(() => isDelivered(outbox, 'job_failed:rotate')).toBe(true);
    expect(taken.toSorted()).toEqual(['away', 'new']);
    const { receivers: wanting, toldTo } = outbox.deliveryOf({ id: 'other', kind: 'job_failed' });
    expect([wanting.length, toldTo.length]).toEqual([3, 0]);
  });

  it('outlives a sender that throws', async () => {
    let tries = 0;
    const { outbox } = open([
      {
        name: 'odd',
        kinds: null,
        send: () => {
          tries += 1;
          if (tries < 3) throw new Error('a defect');
          return Promise.resolve({ ok: true, answer: '' });
        },
      },
    ]);
    outbox.post(note('firing'));
    await expect.poll(() => isDelivered(outbox, 'job_failed:rotate')).toBe(true);
    expect(tries).toBe(3);
  });
});
