/** What a sum leaves out, in words that stand right under it. */
import type { Gaps } from './documents.ts';

const NAMED = 3;

export function gapTexts(gaps: Gaps | null): readonly string[] {
  if (gaps === null) return [];
  const { missing, stale = [] } = gaps;
  return [
    ...(missing.length === 0 ? [] : [`without ${listOf(missing)}: not looked at yet`]),
    ...(stale.length === 0 ? [] : [`${listOf(stale)} as of an earlier look`]),
  ];
}

function listOf(names: readonly string[]): string {
  const more = names.length - NAMED;
  const shown = names.slice(0, NAMED).join(', ');
  return more > 0 ? `${shown} and ${String(more)} more` : shown;
}
