/**
 * `tierd query -i`: a statement after the other. Each is a query of its own, of a snapshot of its own; what goes wrong with one ends none but that.
 */
import type { TierdConfig } from '../../config/load.ts';
import { EXIT, type ExitCode, TierdError } from '../../domain/errors.ts';
import { linkSignals } from '../../domain/linked-signal.ts';
import type { QueryFormat } from '../../query/answer/query-format.ts';
import type { OnBadSegment } from '../../query/query-request.ts';
import type { CliContext } from '../context.ts';
import { tellOf } from '../reports/query-told.ts';
import { printQuery } from '../rooms/print-query.ts';
import { openProcesses } from '../rooms/start-query.ts';
import { asTierdError, renderError } from '../terminal/errors.ts';
import { safeText } from '../terminal/safe-text.ts';
import { type Completion, complete, datasetsIn, sourcesIn } from './complete.ts';
import { KnownColumns } from './known-columns.ts';
import { type LineEditor, openEditor, pipedLines } from './line-editor.ts';
import { type MetaCommand, parseMetaCommand } from './meta-command.ts';
import { splitStatements, type Within } from './statements.ts';
import { describeSql, greeting, helpText, listOfDatasets, promptFor } from './texts.ts';

/** No statement that a person types is as long; a file that is piped in by mistake is. */
const MAX_CHARACTERS = 1024 ** 2;

export interface ShellChoices {
  readonly format: QueryFormat;
  readonly onBadSegment: OnBadSegment;
  readonly withLive: boolean;
}

/**
 * Ends with `\q`, Ctrl-D or the end of what is piped in.
 *
 * @returns 1 where nobody sat at it and a statement failed
 * @throws the reason of the context's signal
 */
export async function runShell(
  context: CliContext,
  config: TierdConfig,
  choices: ShellChoices,
): Promise<ExitCode> {
  const shell = new Shell(context, config, choices);
  await shell.run();
  context.signal.throwIfAborted();
  return shell.hasFailed && !shell.isAttended ? EXIT.failed : EXIT.done;
}

class Shell {
  readonly isAttended: boolean;
  hasFailed = false;
  readonly #context: CliContext;
  readonly #config: TierdConfig;
  readonly #columns: KnownColumns;
  readonly #processes = openProcesses(1);
  readonly #editor: LineEditor;
  #format: QueryFormat;
  readonly #choices: Pick<ShellChoices, 'onBadSegment' | 'withLive'>;
  /** What `\x` goes back to. */
  #unexpanded: QueryFormat;
  #tellsTimes = false;
  /** Of the statement that has no end yet. */
  #begun = '';

  constructor(context: CliContext, config: TierdConfig, { format, ...choices }: ShellChoices) {
    this.#choices = choices;
    const { stdin, stderr, env, signal } = context;
    this.#context = context;
    this.#config = config;
    this.#format = format;
    this.#unexpanded = format === 'expanded' ? 'table' : format;
    this.#columns = new KnownColumns(context, config, this.#processes);
    this.isAttended = stdin.isTTY === true && stderr.isTTY === true;
    this.#editor = this.isAttended
      ? openEditor(stdin, stderr, {
          env,
          signal,
          complete: (typed) => this.#complete(typed),
          onClear: () => this.#clear(),
          warn: (text) => this.#say(`${this.#context.err.colour.yellow('warning')} ${text}`),
        })
      : pipedLines(stdin, signal);
  }

  async run(): Promise<void> {
    if (this.isAttended && this.#context.options.quiet !== true) {
      this.#say(greeting(this.#config.datasets));
    }
    this.#prompt(null);
    try {
      for await (const line of this.#editor.lines) {
        if (!(await this.#take(line))) return;
      }
      await this.#atEnd();
    } finally {
      this.#editor.close();
      await this.#processes.close();
    }
  }

  /** @returns false where it was asked to leave */
  async #take(line: string): Promise<boolean> {
    if (this.#begun === '' && line.trimStart().startsWith('\\')) {
      this.#editor.remember(line, false);
      const command = parseMetaCommand(line);
      if (command.kind === 'quit') return false;
      await this.#obey(command);
      this.#prompt(null);
      return true;
    }
    const { complete: statements, rest, within } = splitStatements(`${this.#begun}${line}\n`);
    const isSecret = this.#begun === '' && line.startsWith(' ');
    this.#begun = rest;
    for (const statement of statements) {
      this.#editor.remember(`${statement};`, isSecret);
      await this.#run(statement, this.#format);
    }
    if (this.#begun.length > MAX_CHARACTERS) this.#giveUp();
    this.#prompt(within);
    return true;
  }

  /** A file may leave out its last `;`. At a terminal, Ctrl-D leaves what was begun. */
  async #atEnd(): Promise<void> {
    if (this.isAttended) this.#context.stderr.write('\n');
    else if (this.#begun !== '') await this.#run(this.#begun, this.#format);
  }

  async #obey(command: Exclude<MetaCommand, { kind: 'quit' }>): Promise<void> {
    switch (command.kind) {
      case 'help':
        this.#say(helpText(this.#context.err));
        break;
      case 'list':
        this.#print(
          listOfDatasets(this.#config.datasets, this.#config.drain.sources, this.#context.out),
        );
        break;
      case 'describe':
        await this.#run(
          describeSql(command.name),
          this.#format === 'expanded' ? 'expanded' : 'table',
        );
        break;
      case 'expanded':
        this.#setFormat(this.#format === 'expanded' ? this.#unexpanded : 'expanded');
        break;
      case 'format':
        this.#setFormat(command.format);
        break;
      case 'show-format':
        this.#say(`Rows are printed as ${this.#format}.`);
        break;
      case 'timing':
        this.#tellsTimes = !this.#tellsTimes;
        this.#say(
          `Times, what was read and the snapshot are ${this.#tellsTimes ? 'told' : 'not told'}.`,
        );
        break;
      case 'unknown':
        this.hasFailed = true;
        this.#say(`${this.#context.err.colour.red('error')} ${command.message}`);
    }
  }

  async #run(sql: string, format: QueryFormat): Promise<void> {
    await this.#editor.whileBusy(async (interrupt) => {
      const { signal, release } = linkSignals(this.#context.signal, interrupt);
      try {
        const query = {
          sql,
          parameters: [],
          explain: false,
          format,
          output: null,
          ...this.#choices,
        };
        const summary = await printQuery(
          this.#context,
          this.#config,
          query,
          signal,
          this.#processes,
        );
        tellOf(this.#context, summary, this.#tellsTimes);
      } catch (error) {
        this.hasFailed = true;
        this.#tellError(error);
      } finally {
        release();
      }
    });
  }

  #tellError(thrown: unknown): void {
    const { err, options, stderr } = this.#context;
    const error = asTierdError(thrown);
    if (error.code === 'INTERRUPTED') this.#say(err.colour.dim(error.message));
    else stderr.write(renderError(error, err, options.stack === true));
  }

  async #complete(typed: string): Promise<Completion> {
    const datasets = this.#config.datasets.map(({ name }) => name);
    const sources = this.#config.drain.sources.map(({ name }) => name);
    const statement = `${this.#begun}\n${typed}`;
    const named = [
      ...datasetsIn(statement, datasets),
      ...sourcesIn(statement, sources).map((name) => `live.${name}`),
    ];
    const columns = await this.#columns.of(named);
    return complete(this.#begun, typed, { datasets, sources, columns });
  }

  #setFormat(format: QueryFormat): void {
    if (format !== 'expanded') this.#unexpanded = format;
    this.#format = format;
    this.#say(`Rows are printed as ${format}.`);
  }

  #clear(): void {
    this.#begun = '';
    this.#prompt(null);
  }

  #giveUp(): void {
    this.#begun = '';
    this.#tellError(
      new TierdError({
        code: 'USAGE',
        message:
          'What was typed is longer than 1MB and has no ; yet, which no query is. It was forgotten.',
        hint: 'End each query with ;',
      }),
    );
    this.hasFailed = true;
  }

  #prompt(within: Within): void {
    this.#editor.prompt(promptFor(this.#begun !== '', within));
  }

  #print(text: string): void {
    const { stdout, out } = this.#context;
    stdout.write(`${safeText(text, out.colour)}\n`);
  }

  #say(text: string): void {
    this.#context.stderr.write(`${safeText(text, this.#context.err.colour)}\n`);
  }
}
