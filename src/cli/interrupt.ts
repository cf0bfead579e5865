/**
 * Ctrl-C and SIGTERM: the first asks for an orderly end, the second is taken at its word. A terminal that goes away
 * (SIGHUP) asks for the same end, as often as it is said.
 */
import { EXIT, type ExitCode } from '../domain/errors.ts';

/** The reason of an abort because stdout was closed, as by `| head`. */
export const READER_GONE = 'reader gone';

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;
const HANG_UP = 'SIGHUP';

export interface Interrupt {
  /** Aborted at the first signal. */
  readonly signal: AbortSignal;
  /** As the first signal, for another reason and without a word: nobody reads the result any more. */
  abort(reason: string): void;
  /** Stops listening. */
  release(): void;
}

/**
 * `say` gets one line to show; `exit` has to end the process at once, whatever is still running.
 * That is safe: every step of a job may be killed and run again (I4).
 */
export function listenForInterrupt(
  source: NodeJS.EventEmitter,
  say: (line: string) => void,
  exit: (code: ExitCode) => void,
): Interrupt {
  const controller = new AbortController();
  const onSignal = (name: string): void => {
    if (controller.signal.aborted) {
      exit(EXIT.interrupted);
      return;
    }
    controller.abort(name);
    say('Finishing the current step; press again to stop at once.');
  };
  const onHangUp = (): void => {
    // Whoever else listens means something else by it: the daemon reads its configuration again.
    if (source.listenerCount(HANG_UP) > 1 || controller.signal.aborted) return;
    controller.abort(HANG_UP);
    say('The terminal is gone: finishing the current step.');
  };
  for (const name of SIGNALS) source.on(name, onSignal);
  // Kernel and shell may both say it: a second one is no word of somebody who insists.
  source.on(HANG_UP, onHangUp);
  return {
    signal: controller.signal,
    abort(reason) {
      controller.abort(reason);
    },
    release() {
      for (const name of SIGNALS) source.off(name, onSignal);
      source.off(HANG_UP, onHangUp);
    },
  };
}
