/** Where PostgreSQL is told to find the daemon. */
import type { PostgresFaceConfig } from '../../config/postgres-face-section.ts';
import type { FaceToReach } from '../../hot/attach/schema-sql.ts';
import { quoteLiteral } from '../../hot/quote.ts';

/** @param passwordSql in place of the password */
export function faceFor({ attach, tls }: PostgresFaceConfig, passwordSql?: string): FaceToReach {
  const { host, port, user } = attach;
  return {
    host,
    port,
    user: user.name,
    passwordSql: passwordSql ?? quoteLiteral(user.password),
    isTls: tls !== null,
  };
}
