/**
 * Reading a connection of `pg` ourselves for the length of one query: `pg` makes an object and an
 * event of every CopyData message, which costs more than all the rest of an export.
 *
 * While it lasts, `pg` sees whole messages only, and never a CopyData; so its parser is never left
 * with half a message, and the connection is as good as before when it gets it back.
 */
import type { Connection } from 'pg';
import { divertReads } from './read-socket.ts';

type DataListener = (chunk: Uint8Array) => void;

export interface SocketTakeover {
  /** Hands one whole message to `pg`. */
  forward(message: Uint8Array): void;
  pause(): void;
  resume(): void;
  /** Lets `pg` read again. */
  giveBack(): void;
  /** Cuts the connection, where nothing better can be done. */
  destroy(): void;
}

/**
 * The connection must be idle: `pg` has read the last ReadyForQuery and sent nothing since. What
 * `onData` is handed is valid until it returns.
 */
export function takeOverSocket(
  connection: Connection,
  onData: DataListener,
  onClose: () => void,
): SocketTakeover {
  const { stream } = connection;
  const listeners = stream.listeners('data') as DataListener[];
  const diverted = divertReads(stream, onData);
  if (!diverted) {
    for (const listener of listeners) stream.off('data', listener);
    stream.on('data', onData);
  }
  stream.on('close', onClose);
  return {
    forward(message) {
      const bytes = Buffer.from(message.buffer, message.byteOffset, message.byteLength);
      for (const listener of listeners) listener.call(stream, bytes);
    },
    pause() {
      stream.pause();
    },
    resume() {
      stream.resume();
    },
    giveBack() {
      stream.off('close', onClose);
      if (diverted) {
        divertReads(stream, null);
        return;
      }
      stream.off('data', onData);
      for (const listener of listeners) stream.on('data', listener);
    },
    destroy() {
      stream.destroy();
    },
  };
}
