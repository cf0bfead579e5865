/**
 * Segments of a lake in two places, each opened where it lies. Which lies far is the ledger's to say, and not what is
 * found near: a near copy may be removed as soon as the ledger has had nobody read it for a grace period.
 */
import { join } from 'node:path';
import { TierdError } from '../domain/errors.ts';
import type { ObjectStore, Tiers } from './object-store.ts';
import type {
  Fetched,
  OpenedParts,
  OpenParts,
  OpenSegments,
  SegmentToOpen,
} from './segment-files.ts';

export interface OpenedBy {
  readonly openSegments: OpenSegments;
  readonly openParts: OpenParts | null;
}

export interface TieredSegments {
  readonly tiers: Tiers;
  readonly near: OpenedBy;
  readonly far: OpenedBy;
  /** Of these segments those that are to be read far. */
  readonly isFar: (keys: readonly string[]) => Promise<ReadonlySet<string>>;
}

export function openedInTiers(tiered: TieredSegments): OpenedBy {
  const hasParts = tiered.near.openParts !== null || tiered.far.openParts !== null;
  return { openSegments: wholeOf(tiered), openParts: hasParts ? partsOf(tiered) : null };
}

function wholeOf(tiered: TieredSegments): OpenSegments {
  return async (segments, directory, signal) => {
    const { near, far } = await split(tiered, segments);
    const located = [
      near.length === 0 ? null : await tiered.near.openSegments(near, directory, signal),
      far.length === 0 ? null : await tiered.far.openSegments(far, farIn(directory), signal),
    ] as const;
    return locator(located, far, tiered);
  };
}

function partsOf(tiered: TieredSegments): OpenParts {
  const { near: ofNear, far: ofFar, tiers } = tiered;
  return async (segments, choose, directory, signal) => {
    const { near, far } = await split(tiered, segments);
    const open = async (
      { openParts, openSegments }: OpenedBy,
      store: LookedAt,
      those: typeof segments,
      where: string,
    ): Promise<OpenedParts> => {
      if (openParts !== null) return openParts(those, choose, where, signal);
      // Whole files on this machine, of which nobody else looks whether they are those that were published.
      await assertLengths(store, those);
      return { locate: await openSegments(those, where, signal), fetched: NOTHING };
    };
    const opened = [
      near.length === 0 ? null : await open(ofNear, tiers.near, near, directory),
      far.length === 0 ? null : await open(ofFar, tiers.far, far, farIn(directory)),
    ] as const;
    const fetched = opened.map((one) => one?.fetched ?? NOTHING);
    return {
      locate: locator([opened[0]?.locate ?? null, opened[1]?.locate ?? null], far, tiered),
      fetched: {
        requests: fetched.reduce((sum, { requests }) => sum + requests, 0),
        bytes: fetched.reduce((sum, { bytes }) => sum + bytes, 0),
      },
    };
  };
}

type LookedAt = Pick<ObjectStore, 'stat' | 'locate'>;

const NOTHING: Fetched = { requests: 0, bytes: 0 };

/** Both places may make files of the same names for a reader. */
const farIn = (directory: string): string => join(directory, 'far');

async function split<Segment extends SegmentToOpen>(
  { tiers, near, isFar }: TieredSegments,
  segments: readonly Segment[],
): Promise<{ readonly near: readonly Segment[]; readonly far: readonly Segment[] }> {
  const keys = new Set(await isFar(segments.map(({ key }) => key)));
  if (near.openParts === null) {
    // A ledger that was set back to before it sent them far does not know of that until it does so again. On a disk
    // that costs nothing to see.
    await someOf(segments, async ({ key }) => {
      if (!keys.has(key) && (await tiers.near.stat(key)) === null) keys.add(key);
    });
  }
  return {
    near: segments.filter(({ key }) => !keys.has(key)),
    far: segments.filter(({ key }) => keys.has(key)),
  };
}

type Locate = (key: string) => string;

function locator(
  [near, far]: readonly [Locate | null, Locate | null],
  those: readonly SegmentToOpen[],
  { tiers }: TieredSegments,
): Locate {
  const keys = new Set(those.map(({ key }) => key));
  return (key) => {
    if (keys.has(key)) return (far ?? ((one: string) => tiers.far.locate(one)))(key);
    return (near ?? ((one: string) => tiers.near.locate(one)))(key);
  };
}

/** @throws TierdError SEGMENT_UNREADABLE */
async function assertLengths(store: LookedAt, segments: readonly SegmentToOpen[]): Promise<void> {
  await someOf(segments, async ({ key, bytes }) => {
    const found = (await store.stat(key))?.bytes ?? null;
    if (found !== null && BigInt(found) === bytes) return;
    throw new TierdError({
      code: 'SEGMENT_UNREADABLE',
      message: `${store.locate(key)} is ${found === null ? 'missing' : `${String(found)} bytes long instead of ${String(bytes)}`}. Nothing was changed.`,
      hint: 'Run `tierd scrub`: it tells every segment that is missing or altered. Restore these from a backup of the lake; tierd changes none of them.',
      context: { key },
    });
  });
}

/** Looks under way at once. */
const LOOKED_AT_ONCE = 64;

async function someOf<Item>(
  items: readonly Item[],
  look: (item: Item) => Promise<void>,
): Promise<void> {
  const waiting = items.values();
  const work = async (): Promise<void> => {
    for (const item of waiting) await look(item);
  };
  await Promise.all(Array.from({ length: LOOKED_AT_ONCE }, work));
}
