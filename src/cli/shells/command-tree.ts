/** What can be typed where, read off the declared commands, so that completion never lags behind. */
import type { Command, Option } from 'commander';

export interface Word {
  readonly word: string;
  readonly description: string;
}

/** A command, and what may follow it. */
export interface Place {
  /** `config print` is `['config', 'print']`; the program itself is `[]`. */
  readonly path: readonly string[];
  readonly words: readonly Word[];
  /** What the shell runs to learn the names that may follow too, one a line; null where none may. */
  readonly names: string | null;
}

/** An option that takes a value. */
export interface ValueOption {
  readonly flags: readonly string[];
  /** `file`: the shell completes paths; else these words, none when anything goes. */
  readonly values: 'file' | readonly string[];
}

export interface CommandTree {
  readonly places: readonly Place[];
  readonly valueOptions: readonly ValueOption[];
}

/** Arguments that are names of the configuration, and the command that prints those there are. */
const NAMES: Readonly<Record<string, string>> = {
  dataset: 'tierd config datasets 2>/dev/null',
  source: 'tierd config sources 2>/dev/null',
  job: 'tierd config jobs 2>/dev/null',
};

export function readTree(program: Command): CommandTree {
  const commands = [...walk(program, [])];
  const options = commands.flatMap(({ command }) => command.options);
  const takingValues = options.filter((option) => option.required || option.optional);
  const seen = new Map(takingValues.map((option) => [option.flags, option]));
  return {
    places: commands.map(({ command, path }) => placeOf(command, path)),
    valueOptions: [...seen.values()].map((option) => ({
      flags: [option.short, option.long].filter((flag) => flag !== undefined),
      values: valuesOf(option),
    })),
  };
}

/** Every word that names a command. */
export function commandWords({ places }: CommandTree): string {
  return [...new Set(places.flatMap(({ path }) => path))].join(' ');
}

/** Every place between bars, for a shell to look up whether a word leads on: `|config|config check|`. */
export function placeList({ places }: CommandTree): string {
  return `|${places.map(({ path }) => path.join(' ')).join('|')}|`;
}

/** In single quotes, as all three shells read them. */
export function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

function* walk(
  command: Command,
  path: readonly string[],
): Generator<{ readonly command: Command; readonly path: readonly string[] }> {
  yield { command, path };
  for (const child of command.commands) yield* walk(child, [...path, child.name()]);
}

function placeOf(command: Command, path: readonly string[]): Place {
  return {
    path,
    words: [
      ...command.commands.map((child) => wordOf(child.name(), child.description())),
      ...command.registeredArguments.flatMap(({ argChoices = [], description }) =>
        argChoices.map((word) => wordOf(word, description)),
      ),
      ...optionsOf(command),
    ],
    names: command.registeredArguments.map((one) => NAMES[one.name()]).find(Boolean) ?? null,
  };
}

/** Its own options first, then those of all above it. */
function optionsOf(command: Command): Word[] {
  const words: Word[] = [];
  for (let at: Command | null = command; at !== null; at = at.parent) {
    for (const { long, description, hidden } of at.options) {
      if (long !== undefined && !hidden) words.push(wordOf(long, description));
    }
  }
  return [...words, wordOf('--help', 'explain this command')];
}

function wordOf(word: string, description: string): Word {
  return { word, description: description.replace(/\s+/g, ' ') };
}

function valuesOf({ argChoices, flags }: Option): ValueOption['values'] {
  return /<(file|directory)>/.test(flags) ? 'file' : (argChoices ?? []);
}
