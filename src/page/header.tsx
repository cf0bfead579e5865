/** Who this is, whether it leads, and how fresh what is shown is. */
import type { JSX } from 'preact';
import type { StatusDocument } from './documents.ts';
import { Elapsed } from './moment.tsx';
import type { Watch } from './polling.ts';
import { useClock, useSurroundings } from './surroundings.ts';
import type { Purpose } from './token-dialog.tsx';

export function Header(props: {
  readonly watch: Watch;
  readonly onToken: (purpose: Purpose) => void;
}): JSX.Element {
  const { watch } = props;
  const { status, access } = watch;
  return (
    <header>
      <h1>
        <img src="/assets/icon.svg" alt="" width="20" height="20" />
        tierd
      </h1>
      {status !== null && <Role status={status} isAway={watch.problem !== null} />}
      <div class="right">
        {status !== null && <Freshness watch={watch} />}
        {access?.control_enabled === true && !access.control && (
          <button type="button" onClick={() => props.onToken('control')}>
            Unlock commands
          </button>
        )}
        <ForgetButton />
      </div>
    </header>
  );
}

const ROLES: Readonly<Record<StatusDocument['role'], string>> = {
  starting: '◌ starting',
  standby: '○ standby',
  leader: '● leads',
  stopping: '◍ stopping',
};

/** What it was when it last answered is not what it is: a daemon that is away leads nothing. */
function Role(props: { readonly status: StatusDocument; readonly isAway: boolean }): JSX.Element {
  const { status, isAway } = props;
  const { role, leader, lease_error: leaseError, started_at: startedAt } = status;
  if (isAway) {
    return (
      <p class="role">
        <strong class="away">✕ does not answer</strong>
        <span class="quiet">
          owner {status.owner} · {status.version}
        </span>
      </p>
    );
  }
  return (
    <p class="role">
      <strong class={`role-${role}`}>{ROLES[role]}</strong>
      {role === 'standby' && (
        <span>
          {leader === null ? `nobody is known to lead: ${leaseError ?? ''}` : `${leader} leads`}
        </span>
      )}
      <span class="quiet">
        owner {status.owner} · {status.version}
        {startedAt !== null && (
          <>
            {' '}
            · up <Elapsed since={startedAt} />
          </>
        )}
      </span>
    </p>
  );
}

function Freshness({ watch }: { readonly watch: Watch }): JSX.Element {
  const clock = new Date(useClock()).toISOString().slice(11, 19);
  if (watch.problem === null) return <span class="quiet figures">{clock} UTC</span>;
  return <strong class="away">✕ not connected</strong>;
}

function ForgetButton(): JSX.Element | null {
  const { server, refresh } = useSurroundings();
  if (!server.hasToken()) return null;
  return (
    <button
      type="button"
      onClick={() => {
        server.forgetToken();
        refresh();
      }}
    >
      Forget token
    </button>
  );
}
