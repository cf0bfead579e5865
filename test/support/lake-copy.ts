/** A lake that is copied, and switched to its copy, over a rotation's bench. */
import { join } from 'node:path';
import { disconnect } from '../../src/hot/server/connect.ts';
import { type CopyLook, type CopyResult, copyLake, lookAtCopy } from '../../src/jobs/copy-lake.ts';
import type { CopyTarget } from '../../src/jobs/lake-copy/rooms.ts';
import { type SwitchLook, switchLake } from '../../src/jobs/switch-lake.ts';
import { nodeFileSystem } from '../../src/lake/file-system.ts';
import { openLocalStore } from '../../src/lake/local-store.ts';
import type { ObjectStore } from '../../src/lake/object-store.ts';
import type { Bench } from './rotation.ts';

type Rooms = Pick<Bench, 'rooms'>;

/** A place for a copy beside the bench's lake. */
export async function localTarget({ directory }: Bench, name = 'copy'): Promise<CopyTarget> {
  const store = await openLocalStore(join(directory, name), nodeFileSystem);
  return targetIn(store, true);
}

export function targetIn(store: ObjectStore, isLocal: boolean): CopyTarget {
  return { store, fileSystem: nodeFileSystem, isLocal, minFreeBytes: 0 };
}

export async function copy({ rooms }: Rooms, target: CopyTarget): Promise<CopyResult> {
  const db = await rooms.connect('work');
  try {
    return await copyLake(rooms, db, target, () => undefined);
  } finally {
    await disconnect(db);
  }
}

/** As a dry run does. */
export async function lookCopy({ rooms }: Rooms, target: CopyTarget): Promise<CopyLook> {
  const db = await rooms.connect('work');
  try {
    return await lookAtCopy(rooms, db, target);
  } finally {
    await disconnect(db);
  }
}

export async function switchTo({ rooms }: Rooms, target: CopyTarget): Promise<SwitchLook> {
  const db = await rooms.connect('work');
  try {
    return await switchLake(rooms, db, target);
  } finally {
    await disconnect(db);
  }
}

/** The bench of whoever is configured for that place. */
export function benchAt<Some extends Rooms>(bench: Some, { store }: CopyTarget): Some {
  return { ...bench, rooms: { ...bench.rooms, store } };
}

export async function keysIn(store: ObjectStore, prefix = ''): Promise<readonly string[]> {
  const keys: string[] = [];
  for await (const { key } of store.list(prefix)) keys.push(key);
  return keys.sort();
}
