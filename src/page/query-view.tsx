/** A view of rows: who may see them, and what asks for them, which is loaded when it is first looked at. */
import type { ComponentType, JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { AccessDocument } from './documents.ts';
import { useSurroundings } from './surroundings.ts';
import { TokenDialog } from './token-dialog.tsx';

export interface AskerProps {
  readonly datasets: readonly string[];
  /** Rows may wait in Redis that are not in any table yet. */
  readonly hasSources: boolean;
  /** Of the address; null where it names none. */
  readonly open: string | null;
  /** The token that is kept does not allow it, or no more. */
  readonly onRefused: () => void;
}

export function QueryView(props: {
  readonly id: string;
  readonly title: string;
  readonly access: AccessDocument | null;
  readonly datasets: readonly string[];
  readonly hasSources?: boolean;
  readonly open?: string | null;
  readonly load: () => Promise<ComponentType<AskerProps>>;
}): JSX.Element {
  const { id, title, access, datasets, hasSources = false, open = null, load } = props;
  const { server } = useSurroundings();
  const [isEntering, setEntering] = useState(false);
  const mayAsk = server.hasQueryToken() || access?.query === true;
  return (
    <section class={id} aria-labelledby={id}>
      <h2 id={id}>{title}</h2>
      {access?.query_enabled === false ? (
        <p>
          Nobody may ask over HTTP: <code>server.query_token</code> is not configured.{' '}
          <code>tierd query</code> asks on the command line.
        </p>
      ) : mayAsk ? (
        <Loaded {...{ load, datasets, hasSources, open }} onRefused={() => setEntering(true)} />
      ) : (
        <div class="locked">
          <p>Rows are shown to who knows the query token.</p>
          <button type="button" class="primary" onClick={() => setEntering(true)}>
            Enter the query token
          </button>
        </div>
      )}
      {isEntering && <TokenDialog purpose="query" onClose={() => setEntering(false)} />}
    </section>
  );
}

function Loaded(
  props: AskerProps & { readonly load: () => Promise<ComponentType<AskerProps>> },
): JSX.Element {
  const { load, ...asker } = props;
  const [Asker, setAsker] = useState<ComponentType<AskerProps> | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  useEffect(() => {
    load().then(
      (loaded) => setAsker(() => loaded),
      () => setProblem('This part of the page could not be loaded. Reload it.'),
    );
  }, [load]);
  if (problem !== null) return <p class="problem">{problem}</p>;
  return Asker === null ? <p class="quiet">It is loaded …</p> : <Asker {...asker} />;
}
