/** A dataset, a key and a span, and what the prices did then. */
import type { JSX } from 'preact';
import { useEffect, useMemo, useState } from 'preact/hooks';
import { AnswerTable } from '../ask/answer-table.tsx';
import { AnswerTold, Failed } from '../ask/answer-told.tsx';
import { useQuestion } from '../ask/use-question.ts';
import type { AskerProps } from '../query-view.tsx';
import type { AskableDataset } from './datasets-document.ts';
import { barsPath, drawable, type Look, lastSpan, SPANS, shades, timeframeOf } from './look.ts';
import { LookForm } from './look-form.tsx';
import { PriceChart } from './price-chart.tsx';
import { useDatasets } from './use-datasets.ts';

export function Data({ open, onRefused }: AskerProps): JSX.Element {
  const { value, problem } = useDatasets();
  const [chosen, setChosen] = useState(open);
  useEffect(() => setChosen(open), [open]);
  if (problem !== null) {
    return (
      <div class="told" role="alert">
        <Failed problem={problem} isPart={false} count={0} onToken={onRefused} />
      </div>
    );
  }
  if (value === null) return <p class="quiet">It is asked for …</p>;
  const drawn = value.filter((dataset) => dataset.error === null && drawable(dataset).length > 0);
  const dataset = drawn.find((one) => one.dataset === chosen) ?? drawn[0];
  if (dataset === undefined) {
    return <p>No dataset has a column of numbers that could be drawn. Ask in SQL for its rows.</p>;
  }
  return (
    <Looking
      key={dataset.dataset}
      dataset={dataset}
      names={drawn.map((one) => one.dataset)}
      onDataset={setChosen}
      onRefused={onRefused}
    />
  );
}

function Looking(props: {
  readonly dataset: AskableDataset;
  readonly names: readonly string[];
  readonly onDataset: (name: string) => void;
  readonly onRefused: () => void;
}): JSX.Element {
  const { dataset } = props;
  const { answer, ask } = useQuestion();
  const [look, setLook] = useState<Look | null>(null);
  const [kind, setKind] = useState<'bars' | 'line'>('bars');
  const stores = useMemo(() => shades(dataset), [dataset]);
  const show = (wanted: Look): void => {
    setLook(wanted);
    ask({ path: barsPath(wanted, timeframeOf(dataset, wanted)) });
  };
  const span = lastSpan(dataset, SPANS[1].ms);
  return (
    <>
      {span === null ? (
        <p>{dataset.dataset} has no rows.</p>
      ) : (
        <LookForm
          dataset={dataset}
          names={props.names}
          first={span}
          kind={kind}
          onKind={setKind}
          onDataset={props.onDataset}
          onShow={show}
        />
      )}
      <AnswerTold answer={answer} onToken={props.onRefused} />
      {look !== null && answer.rows.length > 0 && (
        <>
          <PriceChart
            rows={answer.rows}
            look={look}
            timeframe={timeframeOf(dataset, look)}
            kind={kind}
            shades={stores}
          />
          <details>
            <summary>
              Table<span class="for-reader"> of the bars</span>
            </summary>
            <AnswerTable answer={answer} />
          </details>
        </>
      )}
    </>
  );
}
