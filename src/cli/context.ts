/** What every verb is handed: the world outside, and the few things all of them do. */
import type { Readable } from 'node:stream';
import type { Command } from 'commander';
import type { Logger } from 'pino';
import { loadConfig, type TierdConfig } from '../config/load.ts';
import type { LogLevel } from '../config/log-section.ts';
import type { JobMessage } from '../daemon/job-message.ts';
import { EXIT, type ExitCode, type TierdError } from '../domain/errors.ts';
import type { Clock } from '../domain/time/clock.ts';
import { renderError, stringify } from './terminal/errors.ts';
import { createLiveLine, type LiveLine } from './terminal/live-line.ts';
import { createLog } from './terminal/log.ts';
import { createProgress, type Progress } from './terminal/progress.ts';
import { safeText } from './terminal/safe-text.ts';
import { createSentProgress } from './terminal/sent-progress.ts';
import { type Output, type Style, styleOf } from './terminal/style.ts';

/** The process as a command sees it; a test hands in its own. */
export interface CliIo {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly workingDirectory: string;
  readonly stdin: Readable & { readonly isTTY?: boolean; setRawMode?(isRaw: boolean): unknown };
  readonly stdout: Output;
  readonly stderr: Output;
  readonly clock: Clock;
  /** Aborted by the first Ctrl-C or SIGTERM. */
  readonly signal: AbortSignal;
  /** Where the daemon runs this command as a job: its progress goes there, its log is JSON. */
  readonly sendToDaemon?: (message: JobMessage) => void;
}

export interface GlobalOptions {
  readonly config?: string;
  readonly json?: true;
  readonly quiet?: true;
  readonly verbose?: true;
  readonly logLevel?: LogLevel;
  readonly color: boolean;
  readonly stack?: true;
}

/** What a verb ends with. */
export interface Report {
  /** The one document that `--json` prints. */
  readonly json: unknown;
  /** The same for a person; without a trailing newline. */
  readonly text: (style: Style) => string;
  /** What failed of it, which a person is told on stderr; in `json` it stands already. */
  readonly failures?: readonly TierdError[];
  /** What the process exits with; 0 unless said otherwise. */
  readonly exitCode?: ExitCode;
}

export interface CliContext extends CliIo {
  /** The options that stand before or behind any verb. Only once the command line is parsed. */
  readonly options: GlobalOptions;
  readonly out: Style;
  readonly err: Style;
  /** Everything that is drawn on stderr goes through here. */
  readonly liveLine: LiveLine;
  /** To stderr, at the level and in the format of the configuration and the options. */
  readonly logger: Logger;
  /** Reads the configuration once. Throws CONFIG_INVALID with all its problems. */
  loadConfig(): TierdConfig;
  /** For one long job; silent with `--quiet`. Its `end` has to be called. */
  createProgress(unit: 'rows' | 'bytes'): Progress;
  /** Prints the result, as one JSON document or as text. Called once, at the end of a verb. */
  report(result: Report): void;
  readonly exitCode: ExitCode;
}

const SILENT: Progress = { update: () => undefined, end: () => undefined };

export function createContext(io: CliIo, program: Command): CliContext {
  const options = (): GlobalOptions => program.opts();
  const style = (stream: Output): Style =>
    styleOf(stream, { wanted: options().color, env: io.env });
  const liveLine = createLiveLine(io.stderr);
  let config: TierdConfig | undefined;
  let log: ReturnType<typeof createLog> | undefined;
  let exitCode: ExitCode = EXIT.done;

  const openLog = (): ReturnType<typeof createLog> =>
    (log ??= createLog({
      liveLine,
      style: style(io.stderr),
      level: chosenLevel(options()) ?? 'info',
      format: io.sendToDaemon === undefined ? 'text' : 'json',
    }));

  return {
    ...io,
    liveLine,
    get options() {
      return options();
    },
    get out() {
      return style(io.stdout);
    },
    get err() {
      return style(io.stderr);
    },
    get logger() {
      return openLog().logger;
    },
    get exitCode() {
      return exitCode;
    },
    loadConfig() {
      config ??= loadConfig({
        file: options().config,
        env: io.env,
        workingDirectory: io.workingDirectory,
      });
      const format = io.sendToDaemon === undefined ? config.log.format : 'json';
      openLog().configure(chosenLevel(options()) ?? config.log.level, format);
      return config;
    },
    createProgress(unit) {
      if (io.sendToDaemon !== undefined) {
        return createSentProgress(unit, io.sendToDaemon, io.clock);
      }
      if (options().quiet === true) return SILENT;
      const { logger } = openLog();
      return createProgress({ unit, style: style(io.stderr), liveLine, logger, clock: io.clock });
    },
    report(result) {
      liveLine.clear();
      exitCode = result.exitCode ?? EXIT.done;
      const out = style(io.stdout);
      const text =
        options().json === true
          ? stringify(result.json, 2)
          : safeText(result.text(out), out.colour);
      if (text !== '') io.stdout.write(`${text}\n`);
      if (options().json === true) return;
      for (const failure of result.failures ?? []) {
        io.stderr.write(renderError(failure, style(io.stderr), options().stack === true, exitCode));
      }
    },
  };
}

/** `--log-level` says it outright; `--quiet` and `--verbose` are its short forms. */
function chosenLevel(options: GlobalOptions): LogLevel | undefined {
  if (options.logLevel !== undefined) return options.logLevel;
  if (options.quiet === true) return 'warn';
  return options.verbose === true ? 'debug' : undefined;
}
