/** What the demo says for itself: a headline for each step, and lines below it. */
import pc from 'picocolors';

export interface Narrator {
  /** A new step: what happens now. */
  step(title: string): void;
  /** Why, or what came of it. */
  say(text: string): void;
  /** The command that runs next, as a person would type it. */
  command(...args: readonly string[]): void;
  gap(): void;
  good(text: string): void;
  bad(text: string): void;
}

export function narrateOn(stream: NodeJS.WriteStream): Narrator {
  const colour = pc.createColors(stream.isTTY && !process.env['NO_COLOR']);
  let steps = 0;
  const line = (text = ''): void => {
    stream.write(`${text}\n`);
  };
  return {
    step(title) {
      steps += 1;
      line();
      line(colour.bold(colour.cyan(`${steps}. ${title}`)));
    },
    say: (text) => line(`   ${text}`),
    command(...args) {
      line();
      line(`${colour.dim('$')} ${colour.bold(`tierd ${args.map(quoted).join(' ')}`)}`);
    },
    gap: () => line(),
    good: (text) => line(`   ${colour.green('✓')} ${text}`),
    bad: (text) => line(`   ${colour.red('✗')} ${text}`),
  };
}

function quoted(arg: string): string {
  return /^[\w./:=@%+-]+$/.test(arg) ? arg : `"${arg.trim()}"`;
}

export function formatCount(count: number): string {
  return count.toLocaleString('en-US');
}

export function formatMegabytes(bytes: number): string {
  return `${(bytes / 1_000_000).toFixed(1)} MB`;
}

export function formatDay(at: number): string {
  return new Date(at).toISOString().slice(0, 10);
}
