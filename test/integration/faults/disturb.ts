/** Something that happens to a rotation at a chosen step, and that the step waits for. */
import type { RotationEvent } from '../../../src/jobs/rotation/events.ts';
import type { Rooms } from '../../../src/jobs/rotation/rooms.ts';
import type { ObjectStore } from '../../../src/lake/object-store.ts';
import { disturbed } from '../../support/disturbed.ts';
import type { Scene } from './scene.ts';

export type Moment = 'exporting' | 'publishing' | 'verifying' | 'committing';

const STEPS = { publish: 'publishing', verify: 'verifying', commit: 'committing' } as const;

function momentOf(event: RotationEvent): Moment | null {
  if (event.kind === 'exported') return 'exporting';
  return event.kind === 'step' ? STEPS[event.step] : null;
}

/** Rooms in which `disturb` is called each time the moment comes, and is through before it goes on. */
export function disturbedAt(
  { rooms }: Pick<Scene, 'rooms'>,
  moment: Moment,
  disturb: () => Promise<unknown>,
): Rooms {
  let disturbing: Promise<unknown> = Promise.resolve();
  const { store } = rooms;
  return {
    ...rooms,
    emit(event) {
      rooms.emit(event);
      if (momentOf(event) === moment) disturbing = disturbing.then(disturb);
    },
    connect: disturbed({ rooms }, (_, send) => disturbing.then(send)).rooms.connect,
    store: {
      ...boundTo(store),
      async putIfAbsent(key, path, facts, signal) {
        await disturbing;
        return store.putIfAbsent(key, path, facts, signal);
      },
    },
  };
}

/** The store's methods, which use its private fields, as functions that can be spread. */
export function boundTo(store: ObjectStore): ObjectStore {
  return {
    place: store.place,
    stagingRoot: store.stagingRoot,
    ranges: store.ranges,
    tiers: store.tiers,
    checksums: store.checksums,
    lifecycle: store.lifecycle,
    putIfAbsent: store.putIfAbsent.bind(store),
    putSmallIfAbsent: store.putSmallIfAbsent.bind(store),
    replaceSmall: store.replaceSmall.bind(store),
    stat: store.stat.bind(store),
    read: store.read.bind(store),
    list: store.list.bind(store),
    remove: store.remove.bind(store),
    locate: store.locate.bind(store),
    readable: store.readable.bind(store),
    freeBytes: store.freeBytes.bind(store),
    lookWritable: store.lookWritable.bind(store),
    checkWritable: store.checkWritable.bind(store),
  };
}
