/** The values of `$1`, `$2`, …: as many fields as the query has. */
import type { JSX } from 'preact';
import { useId } from 'preact/hooks';
import type { Value } from './question.ts';

export function Parameters(props: {
  readonly values: readonly Value[];
  readonly onValues: (values: readonly Value[]) => void;
}): JSX.Element | null {
  const { values, onValues } = props;
  if (values.length === 0) return null;
  const change = (at: number, value: Value): void =>
    onValues(values.map((old, index) => (index === at ? value : old)));
  return (
    <fieldset>
      <legend>Values</legend>
      {values.map((value, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a parameter is its number.
        <Parameter
          key={index}
          number={index + 1}
          value={value}
          onValue={(to) => change(index, to)}
        />
      ))}
    </fieldset>
  );
}

function Parameter(props: {
  readonly number: number;
  readonly value: Value;
  readonly onValue: (value: Value) => void;
}): JSX.Element {
  const { number, value, onValue } = props;
  const id = useId();
  return (
    <p class="parameter">
      <label for={id}>${number}</label>
      <input
        id={id}
        type="text"
        autocomplete="off"
        spellcheck={false}
        value={value ?? ''}
        disabled={value === null}
        onInput={(event) => onValue(event.currentTarget.value)}
      />
      <label class="null">
        <input
          type="checkbox"
          checked={value === null}
          onChange={(event) => onValue(event.currentTarget.checked ? null : '')}
        />
        NULL<span class="for-reader"> for ${number}</span>
      </label>
    </p>
  );
}
