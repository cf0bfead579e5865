/**
 * The socket that systemd has for a service's messages (sd_notify), and what came. Node has no
 * datagram sockets of that family: the Debian tree's Python, which moto brings along, listens.
 */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { onTestFinished } from 'vitest';
import { openServerTree } from './server-tree.ts';

export interface ServiceSocket {
  /** For NOTIFY_SOCKET. An abstract one: the same inside of the tree and outside. */
  readonly address: string;
  /** Each message as it came, its fields joined by a blank. */
  received(): readonly string[];
}

const LISTENER = `
import socket, sys
listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
listener.bind('\\0' + sys.argv[1])
print('listening', flush=True)
while True:
    print(listener.recv(65536).decode().strip().replace('\\n', ' '), flush=True)
`;

/** Gone when the test has finished. */
export async function listenAsSystemd(): Promise<ServiceSocket> {
  const tree = await openServerTree();
  const name = `tierd-test-${randomBytes(6).toString('hex')}`;
  const [program = '', ...args] = tree.command('redis', 'KILL', ['python3', '-c', LISTENER, name]);
  const listener = spawn(program, args, { cwd: '/', stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(listener, 'close');
  onTestFinished(async () => {
    listener.kill('SIGKILL');
    await ended;
  });
  let text = '';
  listener.stdout.setEncoding('utf8').on('data', (part: string) => {
    text += part;
  });
  await Promise.race([
    once(listener.stdout, 'data'),
    ended.then(() => {
      throw new Error('nothing listens for what systemd is told');
    }),
  ]);
  return {
    address: `@${name}`,
    // With a barrier systemd-notify waits until what it sent has been read.
    received: () =>
      text
        .trim()
        .split('\n')
        .slice(1)
        .filter((line) => line !== 'BARRIER=1'),
  };
}
