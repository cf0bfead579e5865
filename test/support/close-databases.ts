/** vitest set-up file: what a test file opened is closed when it ends. */
import { afterAll } from 'vitest';
import { closeTestDatabases } from './database.ts';

interface TaskTree {
  readonly name: string;
  readonly result?: { readonly state: string } | undefined;
  readonly tasks?: readonly TaskTree[];
}

// Hooks run last in, first out: registered before the file's own, this one runs after them.
afterAll(async ({}, file) => {
  await closeTestDatabases(hasFailed(file) ? file.name : null);
});

function hasFailed(task: TaskTree): boolean {
  return task.result?.state === 'fail' || (task.tasks ?? []).some(hasFailed);
}
