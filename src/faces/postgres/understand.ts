/**
 * What the statements of a text ask: the one seam for what tierd makes of PostgreSQL's SQL. Until questions are
 * translated, they go to the engine as they are written.
 */
import { FaceError } from './face-error.ts';
import { classifyStatement } from './translate/classify-statement.ts';
import { loadParser } from './translate/parse-statements.ts';
import type { IsDataset } from './translate/question.ts';
import { countInPlaceOf } from './translate/size-question.ts';
import { SqlRefusal } from './translate/sql-refusal.ts';
import type { StatementKind } from './translate/statement-kinds.ts';
import { walk } from './translate/walk.ts';
import { type WriteInPlace, writeInPlace } from './translate/write-in-place.ts';

export interface Statement {
  readonly text: string;
  /** Characters of what was sent before a part of it, as PostgreSQL counts them: a pair of surrogates is one. */
  before(part: string): number;
  /** What it stands for, where it asks in place of a write whether that would hit a cold row. */
  readonly inPlaceOf: WriteInPlace | null;
  /** How many `$1`, `$2`, … it has. */
  readonly parameters: number;
  /** @throws FaceError for what is refused: the statements before it are run all the same */
  classify(): StatementKind;
  /** What a step gives. @throws FaceError in place of its SqlRefusal, with its place in what was sent */
  placed<T>(step: () => T): T;
}

/** None of a text without one. @throws FaceError 42601 where any of it does not parse */
export async function statementsOf(
  sent: string,
  isDataset: IsDataset,
): Promise<readonly Statement[]> {
  const parser = await loadParser();
  const inPlaceOf = writeInPlace(sent, (one) =>
    placed(one, () => {
      // Where it does not parse, the parser says what is wrong, and where; the scanner alone does not.
      parser.statements(one);
      return parser.tokens(one);
    }),
  );
  const text = inPlaceOf?.question ?? countInPlaceOf(sent) ?? sent;
  let end = 0;
  return placed(text, () => parser.statements(text)).map((statement) => {
    const from = text.indexOf(statement.text, end);
    end = from + statement.text.length;
    return {
      text: statement.text,
      inPlaceOf,
      before: (part) => charactersIn(text.slice(0, from + statement.text.indexOf(part))),
      parameters: parametersIn(statement.tree),
      classify: () => placed(text, () => classifyStatement(statement, parser, isDataset)),
      placed: (step) => placed(text, step),
    };
  });
}

function charactersIn(text: string): number {
  return text.length - (text.match(/[\ud800-\udbff][\udc00-\udfff]/g)?.length ?? 0);
}

function parametersIn(tree: object): number {
  let last = 0;
  walk(tree, (kind, node) => {
    if (kind === 'ParamRef') last = Math.max(last, (node as { number?: number }).number ?? 0);
  });
  return last;
}

function placed<T>(text: string, step: () => T): T {
  try {
    return step();
  } catch (error) {
    if (!(error instanceof SqlRefusal)) throw error;
    const { sqlstate, message, hint, position } = error.within(text);
    throw new FaceError({
      sqlstate,
      message,
      hint: hint ?? undefined,
      position: position ?? undefined,
    });
  }
}
