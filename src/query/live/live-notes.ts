/** What an answer with live rows says of them, in words. */
import { agree, countOf } from '../../domain/count.ts';
import type { LiveRead } from './live-side.ts';

export function liveNotes(sources: readonly LiveRead[], isWith: boolean): readonly string[] {
  return sources.flatMap(({ name, deadLetters, mayBeTwice, unknownColumns = [] }) => [
    ...(deadLetters === 0
      ? []
      : [
          `${countOf(deadLetters, 'entry', 'entries')} of ${name} would become ${agree(deadLetters, 'a dead letter', 'dead letters')} and ${agree(deadLetters, 'is no row', 'are no rows')} here: tierd drain --dry-run ${name} shows why`,
        ]),
    ...(mayBeTwice === true
      ? [
          `${name} was drained while it was read, each time anew: a row of it that was may be counted twice`,
        ]
      : []),
    ...(isWith && unknownColumns.length > 0
      ? [
          `what ${name} does not fill is given by the table when it is drained: ${unknownColumns.join(', ')} ${agree(unknownColumns.length, 'is', 'are')} null in its rows`,
        ]
      : []),
  ]);
}
