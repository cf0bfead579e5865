/** A past run as it is shown, by every way of asking. */
import type { RunDocument } from '../../http/routes/status-routes.ts';
import type { PastRun } from '../../ledger/run-history.ts';

export function stateText({ state }: PastRun): string {
  return state.replaceAll('_', ' ');
}

export function runDocument(run: PastRun): RunDocument {
  return {
    id: run.id,
    owner: run.owner,
    job: run.job,
    subject: run.subject,
    cause: run.cause,
    slot: run.slot,
    holder: run.holder,
    state: run.state,
    started_at: run.startedAt,
    finished_at: run.finishedAt,
    attempts: run.attempts,
    rows_moved: run.rowsMoved,
    error_code: run.errorCode,
    error_message: run.errorMessage,
  };
}
