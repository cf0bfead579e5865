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
  /** Of whose names one may follow as well, as `tierd config` prints them; null where none may. */
  readonly names: Names | null;
}

/** `tierd config NAMES` prints them, one a line. */
export type Names = 'datasets' | 'sources' | 'jobs';

/** An option that takes a value. */
export interface ValueOption {
  readonly flags: readonly string[];
  /** `file`: the shell completes paths; a word: names of these; else these words, none when anything goes. */
  readonly values: 'file' | Names | readonly string[];
}

export interface CommandTree {
  readonly places: readonly Place[];
  readonly valueOptions: readonly ValueOption[];
}

/** Arguments and options that take names of the configuration. */
const NAMES: Readonly<Record<string, Names>> = {
  dataset: 'datasets',
  source: 'sources',
  job: 'jobs',
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

/** The flags that name the configuration, from which the names are. */
export const CONFIG_FLAGS = ['-c', '--config'] as const;

/** All other flags whose next word is their value, and no command. */
export function flagsWithValue({ valueOptions }: CommandTree): readonly string[] {
  const others = (flag: string): boolean => !CONFIG_FLAGS.some((one) => one === flag);
  return [...new Set(valueOptions.flatMap(({ flags }) => flags).filter(others))];
}

export const isOption = ({ word }: Word): boolean => word.startsWith('--');

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

function valuesOf(option: Option): ValueOption['values'] {
  if (/<(file|directory)>/.test(option.flags)) return 'file';
  return NAMES[option.name()] ?? option.argChoices ?? [];
}
