/** The face on a free port of this process, with a desk whose answers are made up: what is tried here is the protocol. */
import { connect, type Socket } from 'node:net';
import pg from 'pg';
import { onTestFinished } from 'vitest';
import type { FaceDesk, FaceQuestion } from '../../../src/faces/postgres/face-desk.ts';
import { PostgresFace, type PostgresFaceOptions } from '../../../src/faces/postgres/server.ts';
import { int16, int32, message, text } from '../../../src/faces/postgres/wire/backend.ts';

export const USER = 'ann';
export const PASSWORD = 'a password of some length';

export interface FaceScene {
  readonly face: PostgresFace;
  readonly asked: FaceQuestion[];
  readonly errors: unknown[];
  readonly wrong: string[];
  readonly open: () => Promise<Socket>;
  /** A client of node-postgres that has logged in. */
  readonly connect: (config?: pg.ClientConfig) => Promise<pg.Client>;
}

/** One column `n` of integers from 1 on. */
export function numbers(rows: number): Buffer {
  const head = message(
    'T',
    int16(1),
    text('n'),
    int32(0),
    int16(0),
    int32(23),
    int16(4),
    int32(-1),
    int16(0),
  );
  const all = Array.from({ length: rows }, (_, at) => {
    const digits = Buffer.from(String(at + 1));
    return message('D', int16(1), int32(digits.length), digits);
  });
  return Buffer.concat([head, ...all]);
}

export async function openFace(
  options: Partial<PostgresFaceOptions> = {},
  ask: FaceDesk['ask'] = async (_question, { write }) => {
    await write(numbers(3));
    return { rows: 3 };
  },
): Promise<FaceScene> {
  const asked: FaceQuestion[] = [];
  const errors: unknown[] = [];
  const wrong: string[] = [];
  const face = await PostgresFace.open({
    host: '127.0.0.1',
    port: 0,
    users: [{ name: USER, password: PASSWORD }],
    tls: null,
    maxConnections: 8,
    desk: {
      turns: { enterAsSession: () => Promise.resolve(null), leave: () => undefined },
      timeoutMs: 60_000,
      maxResultBytes: 2 ** 30,
      stopped: new AbortController().signal,
      isDataset: () => false,
      askHot: () => Promise.resolve(),
      holdSnapshot: () => Promise.reject(new Error('none is held here')),
      ask: (question, handler) => {
        asked.push(question);
        return ask(question, handler);
      },
      readHotFacts: () => Promise.resolve({ serverVersion: '17.5', serverVersionNum: '170005' }),
    },
    onError: (error) => errors.push(error),
    onWrongPassword: (address) => wrong.push(address),
    ...options,
  });
  onTestFinished(() => face.close());
  return {
    face,
    asked,
    errors,
    wrong,
    open: () =>
      new Promise((resolve, reject) => {
        const socket = connect({ host: '127.0.0.1', port: face.port });
        socket.once('connect', () => resolve(socket)).once('error', reject);
        onTestFinished(() => void socket.destroy());
      }),
    connect: async (config = {}) => {
      const client = new pg.Client({
        host: '127.0.0.1',
        port: face.port,
        user: USER,
        password: PASSWORD,
        database: 'any',
        ...config,
      });
      client.on('error', () => undefined);
      await client.connect();
      onTestFinished(() => client.end());
      return client;
    },
  };
}

/** What comes until the other side ends. */
export async function readAll(socket: Socket): Promise<Buffer> {
  const parts: Buffer[] = [];
  socket.on('data', (part: Buffer) => parts.push(part)).on('error', () => undefined);
  if (!socket.closed) await new Promise((resolve) => socket.once('close', resolve));
  return Buffer.concat(parts);
}

export interface Told {
  readonly type: string;
  readonly body: Buffer;
}

/** The messages of what came, up to one that is cut. */
export function messagesIn(bytes: Buffer): readonly Told[] {
  const found: Told[] = [];
  for (let at = 0; at + 5 <= bytes.length; ) {
    const end = at + 1 + bytes.readInt32BE(at + 1);
    if (end > bytes.length) break;
    found.push({ type: String.fromCharCode(bytes[at] ?? 0), body: bytes.subarray(at + 5, end) });
    at = end;
  }
  return found;
}

/** The fields of an ErrorResponse by their letters. */
export function errorIn(bytes: Buffer): Readonly<Record<string, string>> {
  const error = messagesIn(bytes).find(({ type }) => type === 'E');
  const fields = (error?.body.toString() ?? '').split('\0').filter(Boolean);
  return Object.fromEntries(fields.map((field) => [field[0] ?? '', field.slice(1)]));
}

export function startUp(settings: Readonly<Record<string, string>>, version = 0x3_0000): Buffer {
  const pairs = Object.entries(settings).flatMap(([name, value]) => [text(name), text(value)]);
  const body = Buffer.concat([int32(version), ...pairs, Buffer.of(0)]);
  return Buffer.concat([int32(body.length + 4), body]);
}
