/**
 * commander, taught to find every mistake of a command line before it gives up. Each verb is
 * declared as usual; parsers throw InvalidArgumentError with what they expect as its message.
 */
import { type Argument, Command, InvalidArgumentError, type Option } from 'commander';
import { TierdError } from '../domain/errors.ts';
import type { Problem } from '../domain/problem.ts';
import { suggest } from '../domain/suggest.ts';

type Parser = NonNullable<Option['parseArg']>;

export class TierdCommand extends Command {
  /** Shared by the whole tree: what has been found wrong so far. */
  readonly problems: Problem[];

  constructor(name?: string, problems: Problem[] = []) {
    super(name);
    this.problems = problems;
  }

  override createCommand(name?: string): TierdCommand {
    return new TierdCommand(name, this.problems);
  }

  /** Throws USAGE with all problems, if there are any. */
  throwProblems(): void {
    if (this.problems.length === 0) return;
    const count =
      this.problems.length === 1 ? 'a problem' : `${String(this.problems.length)} problems`;
    throw new TierdError({
      code: 'USAGE',
      message: `The command line has ${count}; nothing was done.`,
      hint: `See \`${commandPath(this.verb())} --help\`.`,
      context: { problems: this.problems },
    });
  }

  /** To a group, commander hands the options that it does not know, without the verb before them. */
  private isVerbGiven(): boolean {
    const [group, verb] = this.parent?.args ?? [];
    return group === this.name() && this.commands.some((command) => command.name() === verb);
  }

  /** The command that the line got as far as naming. */
  private verb(): Command {
    const child = this.commands.find((command) => command.name() === this.args[0]);
    return child instanceof TierdCommand ? child.verb() : (child ?? this);
  }

  override addOption(option: Option): this {
    if (option.parseArg !== undefined) {
      option.parseArg = this.collecting(option.parseArg, option.long ?? option.flags);
    }
    return super.addOption(option);
  }

  override addArgument(argument: Argument): this {
    if (argument.parseArg !== undefined) {
      argument.parseArg = this.collecting(argument.parseArg, `<${argument.name()}>`);
    }
    return super.addArgument(argument);
  }

  override parseOptions(argv: string[]): { operands: string[]; unknown: string[] } {
    const { operands, unknown } = super.parseOptions(argv);
    if (this.commands.length === 0) {
      const rest = this.takeUnknownOptions(unknown);
      return {
        operands: [...operands, ...rest.filter((word) => !isHelp(word))],
        unknown: rest.filter(isHelp),
      };
    }
    // Behind the name of a verb, what is unknown here is for the verb to know.
    if (operands.length > 0 || this.isVerbGiven()) return { operands, unknown };
    const names = this.commands.map((command) => command.name());
    const verb = unknown.findIndex((word) => names.includes(word));
    const before = this.takeUnknownOptions(verb < 0 ? unknown : unknown.slice(0, verb));
    if (verb < 0) {
      return { operands: before.filter((word) => !isHelp(word)), unknown: before.filter(isHelp) };
    }
    const help = before.filter(isHelp);
    return {
      operands: unknown.slice(verb, verb + 1),
      unknown: [...help, ...unknown.slice(verb + 1)],
    };
  }

  /** Called by commander for each kind of mistake; it goes on after this returns. */
  override error(message: string, options?: { code?: string }): never {
    const unknownOption = this.problems.some(({ message }) =>
      message?.startsWith('unknown option'),
    );
    // The value that followed an unknown option is not a mistake of its own.
    if (!(unknownOption && options?.code === 'commander.excessArguments')) {
      this.problems.push(this.problemOf(message, options?.code));
    }
    // commander looks at no result here, and our preAction hook stops what would follow.
    return undefined as never;
  }

  private collecting(parse: Parser, where: string): Parser {
    return (value, previous) => {
      // The value is missing, which has been noted already.
      if ((value as string | undefined) === undefined) return previous;
      try {
        return parse(value, previous);
      } catch (error) {
        if (!(error instanceof InvalidArgumentError)) throw error;
        const expected = error.message.replace(/^Allowed choices are (.*)\.$/, 'one of $1');
        this.problems.push({ where, found: JSON.stringify(value), expected });
        return previous;
      }
    };
  }

  /** Notes every option among `words`; what is left are operands and requests for help. */
  private takeUnknownOptions(words: readonly string[]): string[] {
    const known = optionsOf(this);
    const end = words.includes('--') ? words.indexOf('--') : words.length;
    const rest: string[] = [];
    for (const word of words.slice(0, end)) {
      const flag = word.split('=', 1)[0] ?? word;
      // No option has a space in it, but SQL that begins with a comment does.
      if (!/^-\S+$/.test(flag) || isHelp(word)) {
        rest.push(word);
        continue;
      }
      if (flag !== word && known.includes(flag)) {
        const found = JSON.stringify(word.slice(flag.length + 1));
        this.problems.push({ where: flag, message: 'takes no value', found });
        continue;
      }
      const near = flag.startsWith('--') ? suggest(flag, known) : undefined;
      const tail = near === undefined ? '' : `; did you mean ${near}?`;
      this.problems.push({ where: flag, message: `unknown option${tail}` });
    }
    return [...rest, ...words.slice(end + 1)];
  }

  private expectationOf(name: string): Pick<Problem, 'expected'> {
    const argument = this.registeredArguments.find((candidate) => candidate.name() === name);
    const choices = argument?.argChoices;
    if (choices !== undefined) return { expected: `one of ${choices.join(', ')}` };
    return argument === undefined ? {} : { expected: argument.description };
  }

  private problemOf(message: string, code: string | undefined): Problem {
    const text = message.replace(/^error: /, '').replace(/\.$/, '');
    if (code === 'commander.unknownCommand') {
      const word = this.args[0] ?? '';
      const names = this.commands.map((command) => command.name());
      const near = suggest(word, names);
      return near === undefined
        ? { where: word, message: 'unknown command', expected: `one of ${names.join(', ')}` }
        : { where: word, message: `unknown command; did you mean ${near}?` };
    }
    // commander quotes what it speaks of: '-c, --config <file>' or 'shell'.
    const [subject = ''] = /(?<=')[^']+/.exec(text) ?? [];
    switch (code) {
      case 'commander.optionMissingArgument': {
        const [flag = subject] = /--[a-z-]+/.exec(subject) ?? [];
        return { where: flag, message: `needs a value: ${subject}` };
      }
      case 'commander.missingArgument':
        return { where: `<${subject}>`, message: 'missing', ...this.expectationOf(subject) };
      case 'commander.excessArguments': {
        const most = this.registeredArguments.length;
        const extra = this.args.slice(most).join(' ');
        return { where: extra, message: `too much for \`${commandPath(this)}\`` };
      }
      default:
        return { where: commandPath(this), message: text };
    }
  }
}

function isHelp(word: string): boolean {
  return word === '--help' || word === '-h';
}

/** `tierd config print`. */
function commandPath(command: Command): string {
  const names: string[] = [];
  for (let at: Command | null = command; at !== null; at = at.parent) names.unshift(at.name());
  return names.join(' ');
}

/** The long options that may be given to `command`: its own and those of all above it. */
function optionsOf(command: Command): string[] {
  const flags: string[] = ['--help'];
  for (let at: Command | null = command; at !== null; at = at.parent) {
    flags.push(...at.options.flatMap((option) => option.long ?? []));
  }
  return flags;
}
