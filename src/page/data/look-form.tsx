/** What is to be seen: filled in from the latest row, so that one look needs no typing. */
import type { JSX } from 'preact';
import { useEffect, useId, useState } from 'preact/hooks';
import type { Row } from '../ask/read-answer.ts';
import type { AskableDataset } from './datasets-document.ts';
import { drawable, type Key, keyColumns, type Look, lastSpan, SPANS } from './look.ts';
import { useLatestKeys } from './use-datasets.ts';

const DAY_MS = 86_400_000;

interface LookFormProps {
  readonly dataset: AskableDataset;
  readonly names: readonly string[];
  readonly first: Pick<Look, 'from' | 'to'>;
  readonly kind: 'bars' | 'line';
  readonly onKind: (kind: 'bars' | 'line') => void;
  readonly onDataset: (name: string) => void;
  readonly onShow: (look: Look) => void;
}

export function LookForm(props: LookFormProps): JSX.Element {
  const { dataset, names, onShow, kind } = props;
  const columns = keyColumns(dataset);
  const prices = drawable(dataset);
  const latest = useLatestKeys(dataset);
  const [typed, setTyped] = useState<Key>({});
  const [price, setPrice] = useState(prices[0] ?? null);
  const [span, setSpan] = useState(props.first);
  const key = keyOf(columns, typed, latest.value?.[0]);
  const show = (changed: Partial<Look> = {}): void => {
    if (key !== null) onShow({ dataset: dataset.dataset, key, price, ...span, ...changed });
  };
  const isReady = key !== null;
  // The first look is shown unasked, once it is known what there is to see.
  useEffect(() => {
    if (isReady) show();
  }, [isReady]);
  const choose = (changed: Pick<Look, 'from' | 'to'>): void => {
    setSpan(changed);
    show(changed);
  };
  return (
    <form
      class="look"
      onSubmit={(event) => {
        event.preventDefault();
        show();
      }}
    >
      <Choice label="Dataset" value={dataset.dataset} options={names} onChange={props.onDataset} />
      {columns.map((column) => (
        <KeyField
          key={column}
          column={column}
          value={key?.[column] ?? typed[column] ?? ''}
          known={latest.value ?? []}
          onValue={(value) => setTyped({ ...key, ...typed, [column]: value })}
        />
      ))}
      <Choice
        label="Price"
        value={price ?? ''}
        options={prices.map((name) => name ?? '')}
        nameOf={(name) => (name === '' ? 'open, high, low, close' : name)}
        onChange={(name) => {
          const changed = name === '' ? null : name;
          setPrice(changed);
          show({ price: changed });
        }}
      />
      <Choice
        label="As"
        value={kind}
        options={['bars', 'line']}
        onChange={(chosen) => props.onKind(chosen === 'line' ? 'line' : 'bars')}
      />
      <DayField label="From" ms={span.from} onDay={(from) => setSpan({ ...span, from })} />
      <DayField
        label="To"
        // The last day that belongs to it.
        ms={span.to - DAY_MS}
        onDay={(day) => setSpan({ ...span, to: day + DAY_MS })}
      />
      <div class="spans" role="group" aria-label="Time span">
        {SPANS.map(({ label, ms }) => (
          <button
            key={label}
            type="button"
            aria-pressed={span.to - span.from === ms}
            onClick={() => choose(lastSpan(dataset, ms) ?? span)}
          >
            {label}
          </button>
        ))}
      </div>
      <button type="submit" class="primary" aria-disabled={!isReady || span.from >= span.to}>
        Show
      </button>
      {latest.problem !== null && <p class="problem">{latest.problem.what}</p>}
    </form>
  );
}

/** Null as long as a value is missing. */
function keyOf(columns: readonly string[], typed: Key, latest: Row | undefined): Key | null {
  const key: Record<string, string> = {};
  for (const column of columns) {
    const found = typed[column] ?? latest?.[column];
    if (found === undefined || found === null) return null;
    key[column] = textOf(found);
  }
  return key;
}

/** As a parameter of an address. */
function textOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function KeyField(props: {
  readonly column: string;
  readonly value: string;
  readonly known: readonly Row[];
  readonly onValue: (value: string) => void;
}): JSX.Element {
  const { column, value, known } = props;
  const id = useId();
  const values = [...new Set(known.map((row) => textOf(row[column])))].sort();
  return (
    <div class="field">
      <label for={id}>{column}</label>
      <input
        id={id}
        type="text"
        list={`${id}-known`}
        autocomplete="off"
        spellcheck={false}
        value={value}
        onInput={(event) => props.onValue(event.currentTarget.value)}
      />
      <datalist id={`${id}-known`}>
        {values.map((one) => (
          <option key={one} value={one} />
        ))}
      </datalist>
    </div>
  );
}

function Choice(props: {
  readonly label: string;
  readonly value: string;
  readonly options: readonly string[];
  readonly nameOf?: (option: string) => string;
  readonly onChange: (option: string) => void;
}): JSX.Element {
  const id = useId();
  const { nameOf = String } = props;
  return (
    <div class="field">
      <label for={id}>{props.label}</label>
      <select
        id={id}
        value={props.value}
        onChange={(event) => props.onChange(event.currentTarget.value)}
      >
        {props.options.map((option) => (
          <option key={option} value={option}>
            {nameOf(option)}
          </option>
        ))}
      </select>
    </div>
  );
}

function DayField(props: {
  readonly label: string;
  readonly ms: number;
  readonly onDay: (ms: number) => void;
}): JSX.Element {
  const id = useId();
  return (
    <div class="field">
      <label for={id}>{props.label}</label>
      <input
        id={id}
        type="date"
        required
        value={new Date(props.ms).toISOString().slice(0, 10)}
        onChange={(event) => {
          const ms = Date.parse(event.currentTarget.value);
          if (Number.isFinite(ms)) props.onDay(ms);
        }}
      />
    </div>
  );
}
