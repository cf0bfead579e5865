import { type Finding, fine, type Judged, verdictOf, worstOf } from './finding.ts';
import { ageInWords, bytesInWords, secondsInWords } from './words.ts';

export interface Replica {
  readonly name: string;
  readonly state: string | null;
  readonly syncState: string | null;
  /** Null where hidden, and on a server that is itself a standby of unknown place. */
  readonly lagBytes: number | null;
  /** Null where it is idle or hidden. */
  readonly lagSeconds: number | null;
  /** With hot_standby_feedback: transactions since the oldest that its queries see. */
  readonly feedbackAge: number | null;
}

export interface ReplicationFacts {
  readonly replicas: readonly Replica[];
  /** Of this server, where it is a standby: seconds since the last commit that it replayed. */
  readonly ownDelaySeconds: number | null;
  readonly isStandby: boolean;
}

const LAG_BYTES = { look: 64 * 1024 ** 2, act: 2 * 1024 ** 3 };
const LAG_SECONDS = { look: 60, act: 900 };
/** Transactions whose dead rows a standby's queries keep here. */
const FEEDBACK_AGE = { look: 1_000_000, act: 50_000_000 };

const LIST_REPLICAS =
  'select application_name, client_addr, state, sync_state, write_lag, flush_lag, replay_lag from pg_stat_replication';

export function judgeReplication({
  replicas,
  ownDelaySeconds,
  isStandby,
}: ReplicationFacts): Judged {
  const findings: Finding[] = replicas.map(findingOf);
  if (isStandby) {
    findings.push(
      fine(
        'this server',
        `is a standby, whose last replayed commit is ${ownDelaySeconds === null ? 'unknown' : `${secondsInWords(ownDelaySeconds)} old`}: figures of use and of VACUUM are of its own queries alone`,
        { replay_delay_seconds: ownDelaySeconds },
      ),
    );
  }
  if (findings.length === 0) findings.push(fine('standbys', 'none streams from this server'));
  const hidden = replicas.filter(({ state }) => state === null).length;
  return {
    findings,
    unseen: hidden === 0 ? [] : [{ what: 'how far behind the standbys are', next: null }],
  };
}

function findingOf(replica: Replica): Finding {
  const { name, state, syncState, lagBytes, lagSeconds, feedbackAge } = replica;
  const figures = {
    state,
    sync_state: syncState,
    lag_bytes: lagBytes,
    lag_seconds: lagSeconds,
    feedback_age: feedbackAge,
  };
  const subject = `standby ${name}`;
  if (state === null) return fine(subject, 'is there; how far behind it is hidden', figures);
  const held = verdictOf(feedbackAge ?? 0, FEEDBACK_AGE);
  const verdict = worstOf([
    verdictOf(lagBytes ?? 0, LAG_BYTES),
    verdictOf(lagSeconds ?? 0, LAG_SECONDS),
    held,
  ]);
  const behind = `${lagBytes === null ? 'an unknown number of bytes' : bytesInWords(lagBytes)} behind${lagSeconds === null ? '' : `, ${secondsInWords(lagSeconds)} late`}`;
  const feedback =
    feedbackAge === null
      ? ''
      : `; hot_standby_feedback keeps what was deleted in the last ${ageInWords(feedbackAge)} transactions from VACUUM here`;
  return {
    subject,
    verdict,
    found: `${state}, ${syncState ?? 'async'}, ${behind}${feedback}`,
    next: verdict === 'ok' ? null : LIST_REPLICAS,
    figures,
  };
}
