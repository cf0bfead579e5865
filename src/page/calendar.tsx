/** A dataset's days: a column for each week. Letters say what colours say; arrow keys move. */
import type { JSX, TargetedKeyboardEvent } from 'preact';
import { useId, useRef, useState } from 'preact/hooks';
import {
  countStates,
  isoDay,
  marksOf,
  moveBy,
  STATES,
  shiftDay,
  type Week,
  weeksOf,
  weeksRange,
} from './calendar-weeks.ts';
import type { CalendarDay, CalendarDocument } from './documents.ts';
import { countOf, formatCount } from './format.ts';
import { gapTexts } from './gap-texts.ts';
import { usePolled } from './polling.ts';
import { useSurroundings } from './surroundings.ts';
import { useWidth } from './width.ts';

const CALENDAR_MS = 60_000;
/** As in the style sheet. */
const COLUMN_PX = 18;
const HEADING_PX = 36;
const MOST_WEEKS = 53;
const FEWEST_WEEKS = 8;
const WEEKDAYS = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'];

export function Calendar(props: { readonly dataset: string; readonly since: string }): JSX.Element {
  const { server } = useSurroundings();
  const frame = useRef<HTMLDivElement>(null);
  const width = useWidth(frame);
  const [weeksBack, setWeeksBack] = useState(0);
  const fitting = Math.floor((width - HEADING_PX) / COLUMN_PX);
  const count = Math.min(MOST_WEEKS, Math.max(FEWEST_WEEKS, fitting));
  const today = isoDay(server.now());
  const { from, to } = weeksRange(shiftDay(today, -7 * weeksBack), count);
  const query = new URLSearchParams({ dataset: props.dataset, from, to });
  const path = width === 0 ? null : `/v1/calendar?${query.toString()}`;
  const { value, problem } = usePolled<CalendarDocument>(path, CALENDAR_MS, props.since);
  return (
    <div class="calendar" ref={frame}>
      {problem !== null && <p class="problem">{problem}</p>}
      {gapTexts(value).map((text) => (
        <p key={text} class="problem">
          ! {text}
        </p>
      ))}
      {width > 0 && (
        <Grid
          dataset={props.dataset}
          weeks={weeksOf(value?.days ?? [], from, count)}
          today={today}
          isAsked={value === null && problem === null}
          summary={value === null ? '' : summaryOf(value.days)}
        />
      )}
      <p class="turn">
        <button
          type="button"
          aria-label={`Earlier days of ${props.dataset}`}
          onClick={() => setWeeksBack(weeksBack + count - 1)}
        >
          ← earlier
        </button>
        <button
          type="button"
          aria-label={`Later days of ${props.dataset}`}
          aria-disabled={weeksBack === 0}
          onClick={() => setWeeksBack(Math.max(0, weeksBack - count + 1))}
        >
          later →
        </button>
      </p>
    </div>
  );
}

function Grid(props: {
  readonly dataset: string;
  readonly weeks: readonly Week[];
  readonly today: string;
  /** The answer is on its way. */
  readonly isAsked: boolean;
  readonly summary: string;
}): JSX.Element {
  const { weeks, today, isAsked } = props;
  const table = useRef<HTMLTableElement>(null);
  const summaryId = useId();
  const [chosen, setChosen] = useState(today);
  const first = weeks[0]?.monday ?? today;
  const last = shiftDay(first, weeks.length * 7 - 1);
  const current = clampDay(chosen, first, last);
  const move = (event: TargetedKeyboardEvent<HTMLTableElement>): void => {
    const by = moveBy(event.key);
    if (by === null) return;
    event.preventDefault();
    const next = Number.isFinite(by) ? shiftDay(current, by) : by < 0 ? first : last;
    const day = clampDay(next, first, last);
    setChosen(day);
    table.current?.querySelector<HTMLElement>(`[data-day="${day}"]`)?.focus();
  };
  const detail = weeks.flatMap(({ days }) => days).find((day) => day?.day === current) ?? null;
  return (
    <>
      <table
        role="grid"
        ref={table}
        aria-label={`Days of ${props.dataset}`}
        aria-describedby={summaryId}
        aria-busy={isAsked}
        onKeyDown={move}
      >
        <thead>
          <tr>
            <td />
            {weeks.map(({ monday, month }) => (
              <th key={monday} scope="col">
                <span class="for-reader">week of {monday}</span>
                <span aria-hidden="true">{month}</span>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {WEEKDAYS.map((weekday, index) => (
            <tr key={weekday}>
              <th scope="row">{weekday}</th>
              {weeks.map(({ monday, days }) => {
                const date = shiftDay(monday, index);
                return (
                  <Day
                    key={date}
                    date={date}
                    day={days[index] ?? null}
                    isCurrent={date === current}
                    onChoose={setChosen}
                  />
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
      <p class="detail figures">
        {isAsked
          ? 'The days are asked for …'
          : detail === null
            ? `${current}: nothing is known`
            : describe(detail)}
      </p>
      <p class="summary quiet" id={summaryId}>
        {props.summary}
      </p>
    </>
  );
}

function Day(props: {
  readonly date: string;
  readonly day: CalendarDay | null;
  readonly isCurrent: boolean;
  readonly onChoose: (date: string) => void;
}): JSX.Element {
  const { date, day, isCurrent, onChoose } = props;
  const state = day?.state ?? 'empty';
  return (
    <td
      role="gridcell"
      class={['day', state, ...marksOf(day)].join(' ')}
      data-day={date}
      tabIndex={isCurrent ? 0 : -1}
      aria-label={day === null ? `${date}: nothing is known` : describe(day)}
      title={day === null ? date : describe(day)}
      onFocus={() => onChoose(date)}
      onClick={(event) => event.currentTarget.focus()}
    >
      {STATES[state].letter}
    </td>
  );
}

function describe(of: CalendarDay): string {
  const { day, state, hot_rows: hot, cold_rows: cold, segments } = of;
  const where = [
    ...(hot !== null && hot > 0 ? [`${countOf(hot, 'rows')} hot`] : []),
    ...(cold > 0 ? [`${countOf(cold, 'rows')} cold in ${countOf(segments, 'segments')}`] : []),
  ];
  const weekday = WEEKDAYS[(new Date(day).getUTCDay() + 6) % 7] ?? '';
  return `${weekday} ${day}: ${[state === 'empty' ? 'outside' : state, ...where, ...marksOf(of)].join(', ')}`;
}

function summaryOf(days: readonly CalendarDay[]): string {
  const counts = countStates(days).map(({ name, count }) => `${name} ${formatCount(count)}`);
  return counts.length === 0 ? 'No day in view has rows.' : `Days in view: ${counts.join(' · ')}`;
}

function clampDay(day: string, first: string, last: string): string {
  return day < first ? first : day > last ? last : day;
}
