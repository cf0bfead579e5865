/**
 * The limit: COPY binary of every slice into nothing. A bare socket that looks at no message, with
 * one buffer that is filled again and again: nothing that decodes can be faster.
 */
import { connect, type Socket } from 'node:net';
import { type Archived, compete, type Job, selectSlice } from '../contender.ts';

const READY_FOR_QUERY = Buffer.from('Z\0\0\0\x05I', 'latin1');
const BUFFER_BYTES = 1 << 20;

await compete(async (job) => {
  const server = await openServer(job);
  const work = async (): Promise<Archived> => {
    let rows = 0;
    let bytes = 0;
    for (const slice of job.slices) {
      const answer = await server.ask(
        `copy (${selectSlice(job, slice)}) to stdout (format binary)`,
      );
      rows += Number(/COPY (\d+)\0/.exec(answer.tail)?.[1]);
      bytes += answer.bytes;
    }
    return { rows, bytes };
  };
  return {
    work,
    close: async () => server.close(),
  };
});

interface Answer {
  readonly bytes: number;
  readonly tail: string;
}

async function openServer(job: Job): Promise<{ ask(sql: string): Promise<Answer>; close(): void }> {
  const url = new URL(job.url);
  let bytes = 0;
  let tail = Buffer.alloc(0);
  let answered: (() => void) | undefined;
  const socket: Socket = connect({
    host: url.hostname,
    port: Number(url.port),
    noDelay: true,
    onread: {
      buffer: Buffer.alloc(BUFFER_BYTES),
      callback: (count, buffer) => {
        bytes += count;
        const chunk = (buffer as Buffer).subarray(Math.max(0, count - 64), count);
        tail = Buffer.concat([tail, chunk]).subarray(-64);
        if (tail.subarray(-READY_FOR_QUERY.length).equals(READY_FOR_QUERY)) answered?.();
        return true;
      },
    },
  });
  const send = async (message: Buffer): Promise<Answer> => {
    bytes = 0;
    tail = Buffer.alloc(0);
    const answer = new Promise<void>((done, fail) => {
      answered = done;
      socket.once('error', fail);
      socket.once('close', () => fail(new Error(`the server hung up: ${tail.toString('latin1')}`)));
    });
    socket.write(message);
    await answer;
    return { bytes, tail: tail.toString('latin1') };
  };
  await send(startupMessage(url.username, url.pathname.slice(1)));
  return {
    ask: (sql) => send(framed('Q', Buffer.from(`${sql}\0`))),
    close: () => {
      socket.removeAllListeners('close');
      socket.destroy();
    },
  };
}

function startupMessage(user: string, database: string): Buffer {
  const body = Buffer.from(`\0\x03\0\0user\0${user}\0database\0${database}\0\0`, 'latin1');
  return framed('', body);
}

function framed(type: string, body: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeInt32BE(body.length + 4);
  return Buffer.concat([Buffer.from(type, 'latin1'), length, body]);
}
