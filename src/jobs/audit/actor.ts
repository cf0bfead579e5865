import { userInfo } from 'node:os';
import type { AuditActor } from '../../domain/audit.ts';

/** Who does it: the process, and the person or service account that it runs as. */
export function actorOf({ holder, isByHand }: Omit<AuditActor, 'user'>): AuditActor {
  return { holder, isByHand, user: userName() };
}

function userName(): string | null {
  try {
    return userInfo().username;
  } catch {
    return null; // in a container the number may have no name
  }
}
