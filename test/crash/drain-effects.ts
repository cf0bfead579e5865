/** Wraps what a drain is given, so that the process kills itself at a chosen command to Redis. */
import type { Redis } from 'ioredis';
import type { LiveStore } from '../../src/live/connect.ts';
import type { RawConnection } from '../../src/live/raw-connection.ts';
import type { EffectObserver } from './effects.ts';

/** Commands that change something, or wait for it; scripts are told apart by nobody. */
const EFFECTS: ReadonlySet<string> = new Set([
  'eval',
  'evalsha',
  'xreadgroup',
  'xautoclaim',
  'xack',
  'xgroup',
  'unlink',
  'exec',
  'waitaof',
  'publish',
]);

type Send = Redis['sendCommand'];

/** Every command passes through `sendCommand`, pipelines included, or through a raw connection. */
export function observeLive(store: LiveStore, observer: EffectObserver): LiveStore {
  const client = store.client as Redis;
  const send: Send = client.sendCommand.bind(client);
  const observed: Send = (command, stream) => {
    const name = command.name.toLowerCase();
    if (!EFFECTS.has(name)) return send(command, stream);
    observer.before(`redis ${name}`);
    const answer = send(command, stream);
    observer.sent(`redis ${name}`);
    return answer;
  };
  client.sendCommand = observed;
  return { ...store, openRaw: async (key) => observeRaw(await store.openRaw(key), observer) };
}

/** Its commands travel together, and are one effect: the last of them is what takes effect. */
function observeRaw(connection: RawConnection, observer: EffectObserver): RawConnection {
  const ask = connection.ask.bind(connection);
  connection.ask = (commands) => {
    const name = commands.at(-1)?.[0]?.toLowerCase() ?? '';
    if (!EFFECTS.has(name)) return ask(commands);
    observer.before(`redis ${name}`);
    const answers = ask(commands);
    observer.sent(`redis ${name}`);
    return answers;
  };
  return connection;
}
