/** Writes bars into Redis as streams, lists and hashes have them, as fast as it takes them. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { BAR_COLUMNS, barAt } from './bars.ts';

export const TYPES = ['stream', 'list', 'hash'] as const;
export type EntryType = (typeof TYPES)[number];

/** What of a key or its name the drain's configuration has to know. */
export const SOURCES: Readonly<Record<EntryType, string>> = {
  stream: '{ kind: stream, same_key: last, keys: bars:stream',
  list: '{ kind: list, same_key: last, keys: bars:list',
  hash: '{ kind: move, keys: "bar:{number}"',
};

const COMMANDS_PER_WRITE = 2_000;

export async function fillRedis(port: number, type: EntryType, rows: number): Promise<void> {
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  let replies = 0;
  const answered = new Promise<void>((done, fail) => {
    socket.on('error', fail);
    socket.on('data', (data: Buffer) => {
      // One line for each command, but XADD's answer, which is two.
      for (const byte of data) if (byte === 10) replies += 1;
      if (data.includes('-ERR')) fail(new Error(data.toString()));
      if (replies >= (type === 'stream' ? 2 * rows : rows)) done();
    });
  });
  for (let from = 0; from < rows; from += COMMANDS_PER_WRITE) {
    let text = '';
    for (let index = from; index < Math.min(from + COMMANDS_PER_WRITE, rows); index += 1) {
      text += command(commandOf(type, index));
    }
    if (!socket.write(text)) await once(socket, 'drain');
  }
  await answered;
  socket.destroy();
}

function commandOf(type: EntryType, index: number): readonly string[] {
  const bar = barAt(index);
  const fields = BAR_COLUMNS.flatMap((name, column) => [name, String(bar[column])]);
  switch (type) {
    case 'stream':
      return ['XADD', 'bars:stream', '*', ...fields];
    case 'list':
      return [
        'RPUSH',
        'bars:list',
        JSON.stringify(Object.fromEntries(BAR_COLUMNS.map((name, column) => [name, bar[column]]))),
      ];
    case 'hash':
      return ['HSET', `bar:${String(index)}`, ...fields];
  }
}

/** All of it is ASCII, so that characters are bytes. */
function command(words: readonly string[]): string {
  let text = `*${String(words.length)}\r\n`;
  for (const word of words) text += `$${String(word.length)}\r\n${word}\r\n`;
  return text;
}
