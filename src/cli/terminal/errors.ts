/** Every failure ends here: told once, in words, with what to do next. */
import { type ExitCode, TierdError } from '../../domain/errors.ts';
import type { Problem } from '../../domain/problem.ts';
import { safeText } from './safe-text.ts';
import type { Style } from './style.ts';
import { showControls } from './text-width.ts';

/** Anything thrown, as a TierdError. What nobody foresaw becomes INTERNAL. */
export function asTierdError(thrown: unknown): TierdError {
  if (thrown instanceof TierdError) return thrown;
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return new TierdError({
    code: 'INTERNAL',
    message: `tierd failed in a way it did not foresee: ${message}`,
    hint: 'Run it again with --stack to see where. Every step can be run again safely.',
    cause: thrown,
  });
}

/** The document that `--json` prints for an error. */
export function errorDocument(error: TierdError): {
  readonly error: {
    readonly code: string;
    readonly message: string;
    readonly hint: string | null;
    readonly retry: boolean;
    readonly exitCode: ExitCode;
    readonly context: unknown;
  };
} {
  const { code, message, hint, retry, exitCode, context } = error;
  return { error: { code, message, hint: hint ?? null, retry, exitCode, context } };
}

/**
 * The error for a person: message, figures, hint; the stack only when asked for. `exitCode` is what
 * the process ends with, where that is another than the error's own.
 */
export function renderError(
  error: TierdError,
  style: Style,
  stack: boolean,
  exitCode: ExitCode = error.exitCode,
): string {
  const { colour } = style;
  const { problems, ...figures } = error.context;
  const lines = [`${colour.red(colour.bold('error'))} ${colour.bold(messageOf(error))}`];
  for (const [name, value] of Object.entries(figures)) {
    // Refusals are for programs: message and hint say the same in words.
    if (value === undefined || value === null || name === 'refusals') continue;
    lines.push(`  ${colour.dim(`${name}:`)} ${showFigure(value)}`);
  }
  if (isProblems(problems))
    lines.push('', ...problems.flatMap((item) => renderProblem(item, style)));
  if (error.hint !== undefined) lines.push(`${colour.cyan('hint')}  ${asSentence(error.hint)}`);
  lines.push(colour.dim(`code  ${error.code}, exit ${String(exitCode)}`));
  if (stack) lines.push('', renderStack(error));
  return `${safeText(lines.join('\n'), colour)}\n`;
}

function renderProblem(problem: Problem, { colour }: Style): string[] {
  const line = problem.line === undefined ? [] : [`line ${String(problem.line)}`];
  const where = problem.where === '' ? [] : [colour.bold(problem.where)];
  const head = [...line, ...where].join('  ');
  const body = [
    ...(problem.message === undefined ? [] : [problem.message]),
    ...(problem.found === undefined ? [] : [`found     ${problem.found}`]),
    ...(problem.expected === undefined ? [] : [`expected  ${problem.expected}`]),
  ];
  return [...(head === '' ? [] : [`  ${head}`]), ...body.map((text) => `    ${text}`), ''];
}

/** A dataset's name stays as it is written. */
function messageOf({ message, context }: TierdError): string {
  const { dataset } = context;
  return typeof dataset === 'string' && message.startsWith(`${dataset} `)
    ? showLines(message)
    : asSentence(message);
}

/** Rooms write a message so that it can stand inside another; here it stands alone. */
function asSentence(raw: string): string {
  const text = showLines(raw);
  return /^(?!tierd )[a-z]+ /.test(text) ? text.charAt(0).toUpperCase() + text.slice(1) : text;
}

/** What PostgreSQL quotes out of a table must not steer the terminal. */
function showLines(text: string): string {
  return text.split('\n').map(showControls).join('\n');
}

function showFigure(value: unknown): string {
  if (typeof value === 'string') return showLines(value);
  if (typeof value === 'number' || typeof value === 'bigint') return value.toLocaleString('en-US');
  return stringify(value);
}

/** Where the error arose, and each error behind it. */
export function renderStack(error: Error): string {
  const lines: string[] = [];
  const seen = new Set<unknown>();
  for (let at: unknown = error; at !== undefined && !seen.has(at); at = causeOf(at)) {
    seen.add(at);
    const text = at instanceof Error ? (at.stack ?? at.message) : stringify(at);
    lines.push(lines.length === 0 ? text : `caused by ${text}`);
  }
  return lines.join('\n');
}

function causeOf(error: unknown): unknown {
  return error instanceof Error ? error.cause : undefined;
}

function isProblems(value: unknown): value is readonly Problem[] {
  return Array.isArray(value) && value.length > 0;
}

/** JSON that can hold everything a result or a context may: bigints become exact text. */
export function stringify(value: unknown, indent?: number): string {
  const exact = (_key: string, item: unknown): unknown =>
    typeof item === 'bigint' ? item.toString() : item;
  return escapeControls(JSON.stringify(value, exact, indent));
}

/** JSON leaves the 8-bit control characters as they are, which steer some terminals as others do. */
export function escapeControls(json: string): string {
  return json.replace(
    /[\x7f-\x9f]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
