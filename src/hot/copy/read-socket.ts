/**
 * A socket that reads into one buffer of its own, again and again. Node otherwise makes a new
 * 64 KB buffer for every read, and an export's gigabytes of them keep the garbage collector busy:
 * a tenth of all the work of an export, when measured.
 */
import { type ConnectOpts, Socket, type SocketConstructorOpts } from 'node:net';

/** Several times what the kernel delivers at once, and small beside all else. */
const BUFFER_BYTES = 256 * 1024;

type Taker = (chunk: Uint8Array) => void;

/** Who takes the reads of each such socket, if it is not the listeners of its 'data' events. */
const takers = new WeakMap<object, { taker: Taker | null }>();

/** Not yet connected. To `pg` it is a socket like any other. */
export function createReadSocket(): Socket {
  const state: { taker: Taker | null } = { taker: null };
  // The constructor takes what `net.connect` takes; only its types don't say so.
  const options: SocketConstructorOpts & ConnectOpts = {
    onread: {
      buffer: new Uint8Array(BUFFER_BYTES),
      callback: (length, buffer) => {
        const chunk = buffer.subarray(0, length);
        if (state.taker === null) socket.emit('data', Buffer.from(chunk));
        else state.taker(chunk);
        return true;
      },
    },
  };
  const socket = new Socket(options);
  takers.set(socket, state);
  return socket;
}

/**
 * Hands the reads to `taker` instead of the listeners, or back to them with null. A chunk is valid
 * until `taker` returns. False where `stream` is no such socket, and nothing has changed.
 */
export function divertReads(stream: object, taker: Taker | null): boolean {
  const state = takers.get(stream);
  if (state === undefined) return false;
  state.taker = taker;
  return true;
}
