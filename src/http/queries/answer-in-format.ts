/** A query's answer in the format that was chosen by name, or else by the header Accept. */
import type { Answer, Asked } from '../route.ts';
import { answerQuery } from './answer-query.ts';
import { acceptedFormat, FORMATS, type QueryFormat } from './formats.ts';
import type { AskedQuery, QueryDesk } from './query-desk.ts';

type Unformatted<Q> = Q extends AskedQuery ? Omit<Q, 'format'> : never;

export async function answerInFormat(
  desk: QueryDesk,
  asked: Pick<Asked, 'gone' | 'accept'>,
  chosen: QueryFormat | undefined,
  query: Unformatted<AskedQuery>,
): Promise<Answer> {
  const format = chosen ?? acceptedFormat(asked.accept);
  if (format === null) {
    const problem = `Answers are ${Object.values(FORMATS).join(', ')}; format chooses one as well.`;
    return { status: 406, problem };
  }
  return answerQuery(desk, asked, { ...query, format });
}
