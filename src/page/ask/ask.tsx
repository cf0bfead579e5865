/** A query, its values, and what came of it. */
import type { JSX, TargetedKeyboardEvent } from 'preact';
import { useId, useRef, useState } from 'preact/hooks';
import type { AskerProps } from '../query-view.tsx';
import type { Question } from '../server.ts';
import { AnswerTable } from './answer-table.tsx';
import { AnswerTold } from './answer-told.tsx';
import { Downloads } from './downloads.tsx';
import { Parameters } from './parameters.tsx';
import { countParameters, type Value, valuesFor } from './question.ts';
import { useQuestion } from './use-question.ts';

const LINES = 6;
/** More names are no help. */
const NAMED = 12;

/** Who looks at another view and comes back finds what was typed. */
let typed: {
  readonly sql: string;
  readonly values: readonly Value[];
  readonly live: boolean;
} | null = null;

export function Ask(props: AskerProps): JSX.Element {
  const [sql, setSql] = useState(typed?.sql ?? '');
  const [given, setGiven] = useState<readonly Value[]>(typed?.values ?? []);
  const [live, setLive] = useState(typed?.live ?? false);
  const { answer, ask, cancel } = useQuestion();
  const box = useRef<HTMLTextAreaElement>(null);
  const id = useId();
  const values = valuesFor(countParameters(sql), given);
  typed = { sql, values, live };
  const isRunning = answer.asking.state === 'running';
  const isEmpty = sql.trim() === '';
  const question = (format: Question['format']): Question => ({
    sql,
    params: values,
    format,
    live: live && props.hasSources,
  });
  const run = (): void => {
    if (isEmpty) box.current?.focus();
    else ask(question('ndjson'));
  };
  const onKey = (event: TargetedKeyboardEvent<HTMLElement>): void => {
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      run();
    } else if (event.key === 'Escape' && isRunning) cancel();
  };
  return (
    <>
      <form
        onKeyDown={onKey}
        onSubmit={(event) => {
          event.preventDefault();
          // One button for both, so that the focus stays where it is.
          if (isRunning) cancel();
          else run();
        }}
      >
        <label for={id}>One SELECT</label>
        <p class="quiet" id={`${id}-help`}>
          In DuckDB's SQL, over hot and cold rows alike.{' '}
          {props.datasets.length > 0 && <>Tables: {namesOf(props.datasets)}.</>} Ctrl+Enter runs it,
          Escape ends it.
        </p>
        <textarea
          id={id}
          ref={box}
          rows={LINES}
          spellcheck={false}
          autocapitalize="off"
          autocomplete="off"
          aria-describedby={`${id}-help`}
          placeholder={`select * from ${props.datasets[0] ?? 'a_dataset'} limit 100`}
          value={sql}
          onInput={(event) => setSql(event.currentTarget.value)}
        />
        <Parameters values={values} onValues={setGiven} />
        {props.hasSources && (
          <label class="with-live">
            <input
              type="checkbox"
              checked={live}
              onChange={(event) => setLive(event.currentTarget.checked)}
            />
            With what waits in Redis, as if it were drained now
          </label>
        )}
        <div class="actions">
          <button
            type="submit"
            class={isRunning ? '' : 'primary'}
            aria-disabled={isEmpty && !isRunning}
          >
            {isRunning ? 'Cancel' : 'Run'}
          </button>
          <Downloads question={isEmpty ? null : question} />
        </div>
      </form>
      <AnswerTold answer={answer} onToken={props.onRefused} />
      <AnswerTable answer={answer} />
    </>
  );
}

function namesOf(datasets: readonly string[]): string {
  const shown = datasets.slice(0, NAMED).join(', ');
  return datasets.length > NAMED ? `${shown} …` : shown;
}
