/** The simple protocol: a text of statements, each run to its end. */
import type { Portal, Run } from './portals/portal.ts';
import type { Statements } from './statements.ts';
import { commandComplete, emptyQueryResponse } from './wire/backend.ts';

/** @throws what the first statement fails with that fails: those after it are not run */
export async function runSimpleQuery(
  text: string,
  statements: Statements,
  run: Run,
): Promise<void> {
  const all = await statements.read(text);
  if (all.length === 0) await run.send(emptyQueryResponse());
  for (const statement of all) {
    const portal = statements.open(statement);
    try {
      await runWhole(portal, run);
    } finally {
      await portal.close();
    }
  }
}

async function runWhole(portal: Portal, run: Run): Promise<void> {
  const description = await portal.describe(run);
  if (description !== null) await run.send(description);
  const executed = await portal.execute(0, run);
  if (executed.kind === 'done') await run.send(commandComplete(executed.tag));
}
