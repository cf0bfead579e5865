/** An answer that goes through a file may become no larger than one that is sent as it comes. */
import { stat } from 'node:fs/promises';
import { linkSignals } from '../../domain/linked-signal.ts';
import { resultTooLarge } from '../../http/queries/query-desk.ts';

/** How often a file that grows is looked at. What is written between two looks is more than there may be. */
const LOOK_EVERY_MS = 200;

/** Ends `work` when the file that it writes has become too large, and not only when it is whole. */
export async function withinSize<Result>(
  file: string,
  maxBytes: number,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const linked = linkSignals(signal);
  const tooLarge = resultTooLarge(maxBytes);
  const timer = setInterval(() => {
    void sizeOf(file).then((bytes) => {
      if (bytes > maxBytes) linked.abort(tooLarge);
    });
  }, LOOK_EVERY_MS);
  try {
    return await work(linked.signal);
  } catch (error) {
    throw linked.signal.reason === tooLarge ? tooLarge : error;
  } finally {
    clearInterval(timer);
    linked.release();
  }
}

/** Before it is begun, and once it has its own name, there is nothing to bound. */
async function sizeOf(file: string): Promise<number> {
  return stat(file).then(
    ({ size }) => size,
    () => 0,
  );
}
