/** What a dataset's part of the lake needs, or loses, soon. */
import type { ComponentChildren, JSX } from 'preact';
import type { CareDocument, HoldDocument } from './documents.ts';
import { countOf, formatBytes, formatCount, formatDay } from './format.ts';

/** More of them are for `tierd hold list`. */
const HOLDS_SHOWN = 3;

export function LakeCare({ care }: { readonly care: CareDocument | null }): JSX.Element | null {
  if (care === null) return null;
  const { compaction, expiring, holds, scrubs, audit_head: head } = care;
  return (
    <dl class="care figures">
      <Fact name="compaction">
        {compaction.segments === 0
          ? 'nothing to merge'
          : `${countOf(compaction.segments, 'small segments')} of ${formatBytes(compaction.bytes)} would become ${formatCount(compaction.segments_after)}`}
      </Fact>
      <Fact name="expires">{expires(expiring)}</Fact>
      <Fact name="held">
        {holds.length === 0
          ? 'nothing'
          : [
              ...holds.slice(0, HOLDS_SHOWN).map(holdText),
              ...(holds.length > HOLDS_SHOWN
                ? [`${formatCount(holds.length - HOLDS_SHOWN)} more`]
                : []),
            ].join('; ')}
      </Fact>
      <Fact name="scrubbed">{scrubbed(scrubs)}</Fact>
      <Fact name="audit log">
        {head === null
          ? 'no entry yet'
          : `entry ${formatCount(head.number)}, ${head.hash.slice(0, 12)}…`}
      </Fact>
    </dl>
  );
}

function Fact(props: { readonly name: string; readonly children: ComponentChildren }): JSX.Element {
  return (
    <div>
      <dt>{props.name}</dt>
      <dd>{props.children}</dd>
    </div>
  );
}

function expires(expiring: CareDocument['expiring']): string {
  if (expiring === null) return 'never';
  const within = `within ${String(expiring.within_days)} days`;
  if (expiring.rows === 0) return `nothing ${within}`;
  const most = expiring.rows_are_at_most ? 'at most ' : '';
  return `${most}${countOf(expiring.rows, 'rows')} ${within}`;
}

function holdText({ id, from, to, until, reason }: HoldDocument): string {
  const time =
    from === null || to === null ? 'all of time' : `${formatDay(from)} to ${formatDay(to)}`;
  return `${time}${until === null ? '' : ` until ${formatDay(until)}`}, hold ${id} (${reason})`;
}

function scrubbed({ oldest, newest, never }: CareDocument['scrubs']): string {
  if (oldest === null) return never === 0 ? 'nothing to scrub' : 'never';
  const first = formatDay(oldest);
  const last = formatDay(newest);
  const when = first === last ? last : `between ${first} and ${last}`;
  return never === 0 ? when : `${when}; ${countOf(never, 'segments')} never`;
}
