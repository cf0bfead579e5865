/** What a dry run found: what stands in the way on top, then what would move. */
import type { JSX } from 'preact';
import type { DryRunDocument } from './documents.ts';
import { type Findings, findingsOf, type Obstacle } from './dry-run-findings.ts';
import { formatSeconds } from './format.ts';
import { RunState } from './run-state.tsx';

export function DryRun(props: {
  /** Null until the daemon has told of it. */
  readonly found: DryRunDocument | null;
  readonly problem: string | null;
}): JSX.Element {
  const { found, problem } = props;
  const finishedAt = found?.finished_at ?? null;
  const error = found?.error_message ?? null;
  const result = found?.result ?? null;
  const findings = result === null ? null : findingsOf(result);
  return (
    <div class="dry-run">
      <div role="status">
        {problem !== null && <p class="problem">{problem}</p>}
        {found === null || finishedAt === null ? (
          <p class="quiet">The dry run looks …</p>
        ) : (
          <p>
            Dry run: <RunState state={found.state} /> in{' '}
            {formatSeconds((Date.parse(finishedAt) - Date.parse(found.started_at)) / 1000)}
          </p>
        )}
        {findings?.obstacles.map((obstacle) => (
          <InTheWay key={`${obstacle.subject} ${obstacle.message}`} obstacle={obstacle} />
        ))}
        {error !== null && (findings?.obstacles ?? []).length === 0 && (
          <p class="problem">{error}</p>
        )}
      </div>
      {findings !== null && <FindingsTable findings={findings} />}
      {result !== null && findings === null && (
        <pre tabIndex={0} role="region" aria-label="What the dry run found">
          {JSON.stringify(result, null, 2)}
        </pre>
      )}
    </div>
  );
}

function InTheWay({ obstacle }: { readonly obstacle: Obstacle }): JSX.Element {
  return (
    <p class="obstacle">
      <strong>⊘ {obstacle.subject}</strong> {obstacle.message}
      {obstacle.hint !== null && <span class="hint">{obstacle.hint}</span>}
    </p>
  );
}

function FindingsTable({ findings }: { readonly findings: Findings }): JSX.Element {
  const { columns, rows, notes } = findings;
  return (
    <>
      {rows.length > 0 && (
        <div class="scroll" tabIndex={0} role="region" aria-label="What the dry run found">
          <table>
            <thead>
              <tr>
                {columns.map(({ title, isNumber }) => (
                  <th key={title} scope="col" class={isNumber ? 'number' : ''}>
                    {title}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {rows.map((cells) => (
                <tr key={cells[0]}>
                  {cells.map((cell, index) =>
                    index === 0 ? (
                      <th key={columns[index]?.title} scope="row">
                        {cell}
                      </th>
                    ) : (
                      <td
                        key={columns[index]?.title}
                        class={columns[index]?.isNumber === true ? 'number' : 'figures'}
                      >
                        {cell}
                      </td>
                    ),
                  )}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {notes.map((note) => (
        <p key={note} class="quiet">
          {note}
        </p>
      ))}
    </>
  );
}
