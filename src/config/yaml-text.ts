/** YAML text → a plain value, and the line on which each part of it stands. */
import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseDocument,
} from 'yaml';
import type { Problem } from '../domain/problem.ts';
import type { ConfigPath } from './path.ts';

export interface YamlText {
  readonly value: unknown;
  /** The 1-based line of the key at `path`, else of the nearest thing above that is in the file. */
  lineOf(path: ConfigPath): number | undefined;
}

export type YamlResult =
  | { readonly yaml: YamlText; readonly problems: readonly [] }
  | { readonly yaml: undefined; readonly problems: readonly Problem[] };

export function parseYaml(text: string): YamlResult {
  const lines = new LineCounter();
  const document = parseDocument(text, {
    lineCounter: lines,
    prettyErrors: false,
    merge: true,
    // With 'silent' a second document would not be reported.
    logLevel: 'error',
  });
  // Warnings are about tags, which the configuration has no use for.
  const faults = [...document.errors, ...document.warnings];
  if (faults.length > 0) {
    return {
      yaml: undefined,
      problems: faults.map((fault) => ({
        where: '',
        line: lines.linePos(fault.pos[0]).line,
        message: explain(fault.code, fault.message, text, fault.pos[0]),
      })),
    };
  }
  const resolved = resolveAliases(document);
  if ('fault' in resolved) {
    return { yaml: undefined, problems: [{ where: '', message: resolved.fault }] };
  }
  return {
    yaml: {
      value: resolved.value,
      lineOf: (path) => {
        const offset = offsetOf(document, path);
        return offset === undefined ? undefined : lines.linePos(offset).line;
      },
    },
    problems: [],
  };
}

/** Aliases and merges are followed only now, and can lead to nothing, to too much or in a circle. */
function resolveAliases(
  document: Document,
): { readonly value: unknown } | { readonly fault: string } {
  try {
    const value: unknown = document.toJS();
    // The cheapest walk over everything: it throws where a value contains itself.
    JSON.stringify(value);
    return { value };
  } catch (error) {
    const reason = error instanceof Error ? (error.message.split('\n', 1)[0] ?? '') : '';
    return { fault: `an alias (*name) or merge (<<) can't be followed: ${reason}` };
  }
}

function explain(code: string, message: string, text: string, at: number): string {
  switch (code) {
    case 'TAB_AS_INDENT':
      return 'a tab is used to indent; YAML allows only spaces there';
    case 'DUPLICATE_KEY':
      return `the key "${keyAt(text, at)}" is written twice in the same mapping; only one of them could count`;
    case 'MULTIPLE_DOCS':
      return 'a second document begins here (---); the configuration is a single one';
    case 'BAD_INDENT':
    case 'BLOCK_AS_IMPLICIT_KEY':
      return `the indentation is wrong, or a colon, quote or bracket is missing nearby (${message})`;
    default:
      return `this is not valid YAML: ${message}`;
  }
}

function keyAt(text: string, at: number): string {
  const line = text.slice(at).split('\n', 1)[0] ?? '';
  return (
    line
      .split(':', 1)[0]
      ?.trim()
      .replace(/^["']|["']$/g, '') ?? ''
  );
}

/** The offset of the key (or list item) at `path`, following aliases and `<<` merges. */
function offsetOf(document: Document, path: ConfigPath): number | undefined {
  let node: unknown = document.contents;
  let offset: number | undefined;
  for (const key of path) {
    const step = descend(document, node, key);
    if (step === undefined) break;
    offset = step.offset ?? offset;
    node = step.value;
  }
  return offset;
}

interface Step {
  readonly value: unknown;
  readonly offset: number | undefined;
}

function descend(document: Document, from: unknown, key: PropertyKey): Step | undefined {
  const node = isAlias(from) ? from.resolve(document) : from;
  if (isSeq(node)) {
    const item = node.items[Number(key)];
    return item === undefined ? undefined : { value: item, offset: startOf(item) };
  }
  if (!isMap(node)) return undefined;
  for (const pair of node.items) {
    if (textOf(pair.key) === String(key)) return { value: pair.value, offset: startOf(pair.key) };
  }
  for (const pair of node.items) {
    if (textOf(pair.key) !== '<<') continue;
    const merged = isSeq(pair.value) ? pair.value.items : [pair.value];
    for (const source of merged) {
      const step = descend(document, source, key);
      if (step !== undefined) return step;
    }
  }
  return undefined;
}

/** As written: `merge: true` turns the value of `<<` into a symbol, and of `5` into a number. */
function textOf(key: unknown): string | undefined {
  return isScalar(key) ? (key.source ?? String(key.value)) : undefined;
}

function startOf(node: unknown): number | undefined {
  return (node as Node | null)?.range?.[0];
}
