/** Asks for a token, and keeps it when it allows what it is for. */
import type { JSX, TargetedSubmitEvent } from 'preact';
import { useId, useState } from 'preact/hooks';
import { Dialog } from './dialog.tsx';
import { explain } from './server.ts';
import { useSurroundings } from './surroundings.ts';

export type Purpose = 'status' | 'control' | 'query';

const WORDS: Readonly<Record<Purpose, { readonly title: string; readonly why: string }>> = {
  status: {
    title: 'Enter a token',
    why: 'This daemon shows its state to who knows server.status_token (or server.control_token).',
  },
  control: {
    title: 'Enter the control token',
    why: 'Running and pausing jobs needs server.control_token.',
  },
  query: {
    title: 'Enter the query token',
    why: 'Asking for rows needs server.query_token.',
  },
};

export function TokenDialog(props: {
  readonly purpose: Purpose;
  readonly onClose: () => void;
}): JSX.Element {
  const { server, refresh } = useSurroundings();
  const [problem, setProblem] = useState<string | null>(null);
  const [isBusy, setBusy] = useState(false);
  const id = useId();
  const { title, why } = WORDS[props.purpose];
  const submit = async (event: TargetedSubmitEvent<HTMLFormElement>): Promise<void> => {
    event.preventDefault();
    const entered = new FormData(event.currentTarget).get('token');
    const token = typeof entered === 'string' ? entered.trim() : '';
    if (token === '') {
      setProblem('Nothing was entered.');
      return;
    }
    setBusy(true);
    try {
      const access = await server.accessOf(token);
      if (!access[props.purpose]) {
        setProblem(`This token does not allow that.`);
        return;
      }
      if (props.purpose === 'query') server.keepQueryToken(token);
      else server.keepToken(token);
      props.onClose();
      refresh();
    } catch (error) {
      setProblem(explain(error));
    } finally {
      setBusy(false);
    }
  };
  return (
    <Dialog title={title} onClose={props.onClose}>
      <form onSubmit={(event) => void submit(event)}>
        <p id={`${id}-why`}>{why} It is kept in this tab until it is closed.</p>
        <label for={id}>Token</label>
        <input
          id={id}
          name="token"
          type="password"
          autocomplete="off"
          spellcheck={false}
          aria-describedby={problem === null ? `${id}-why` : `${id}-problem`}
          aria-invalid={problem !== null}
          autofocus
        />
        <p id={`${id}-problem`} class="problem" role="alert">
          {problem}
        </p>
        <div class="choices">
          <button type="button" onClick={props.onClose}>
            Cancel
          </button>
          <button type="submit" class="primary" disabled={isBusy}>
            Use it
          </button>
        </div>
      </form>
    </Dialog>
  );
}
