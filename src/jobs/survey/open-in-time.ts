import { unlessAborted } from '../../domain/unless-aborted.ts';

/**
 * What `open` opens, unless `signal` aborts first: then it throws the reason, and what is opened
 * after all is closed at once.
 */
export async function openInTime<Opened extends object>(
  open: () => Promise<Opened>,
  close: (late: Opened) => void,
  signal: AbortSignal,
): Promise<Opened> {
  signal.throwIfAborted();
  const opening = open();
  const opened = await unlessAborted(opening, signal);
  if (opened !== null) return opened;
  // One that fails later has nothing to close, and its failure is told already: as slowness.
  opening.then(close, () => undefined);
  throw signal.reason;
}
