/** What needs a person now; the worst first. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { AlertDocument, SurveyDocument } from './documents.ts';
import { Elapsed } from './moment.tsx';
import { useSurroundings } from './surroundings.ts';

/** What is below is to stay on the screen. */
const SHOWN_AT_FIRST = 3;

export function Alerts(props: {
  readonly alerts: readonly AlertDocument[];
  readonly survey: SurveyDocument | null;
}): JSX.Element {
  const { alerts, survey } = props;
  const { asOfMs } = useSurroundings();
  const surveyError = survey?.error ?? null;
  const sorted = alerts.toSorted(
    (a, b) => Number(b.severity === 'error') - Number(a.severity === 'error'),
  );
  const [isWhole, setWhole] = useState(false);
  const shown = isWhole ? sorted : sorted.slice(0, SHOWN_AT_FIRST);
  return (
    <section class="alerts" aria-labelledby="alerts">
      <h2 id="alerts">Alerts</h2>
      {sorted.length > SHOWN_AT_FIRST && (
        <button type="button" onClick={() => setWhole(!isWhole)}>
          {isWhole ? 'Show the worst' : `Show all ${String(sorted.length)}`}
        </button>
      )}
      {sorted.length === 0 ? (
        surveyError === null && (
          <p class="quiet">{asOfMs === null ? '✓ Nothing needs you.' : 'There were none.'}</p>
        )
      ) : (
        <ul>
          {shown.map((alert) => (
            <li key={alert.id} class={alert.severity}>
              <strong>{alert.severity === 'error' ? '✕ error' : '! warning'}</strong>{' '}
              <span class="subject">{alert.subject}</span> {alert.message}{' '}
              <span class="quiet">
                {alert.since !== null && (
                  <>
                    for <Elapsed since={alert.since} />
                  </>
                )}
                {deliveryText(alert)}
              </span>
            </li>
          ))}
        </ul>
      )}
      {surveyError !== null && (
        <p class="problem">The stores could not be looked at: {surveyError}</p>
      )}
    </section>
  );
}

/** Whether somebody hears of it who does not look here. */
function deliveryText({ receivers, not_told: names }: AlertDocument): string {
  if (receivers === 0) return ' · told to nobody: no receiver is configured for it';
  return names.length === 0 ? '' : ` · not told to ${names.join(', ')} yet`;
}
