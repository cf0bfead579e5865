/** Functions of text. Only those whose edges were looked at: negative counts, empty texts, more than the text has. */
import { raise } from '../expression.ts';
import { type Signature, signature } from './signature.ts';

const NEGATIVE = raise('22011', 'negative substring length not allowed');

/** PostgreSQL counts from 1 on, and what lies before it uses up the length. */
const substring = (text = '', from = '', count = ''): string =>
  `CASE WHEN (${count}) < 0 THEN ${NEGATIVE} WHEN CAST(${from} AS BIGINT) + (${count}) < 1 THEN CASE WHEN (${text}) IS NULL THEN NULL ELSE '' END ELSE substring(${text}, greatest(${from}, 1), CAST(${from} AS BIGINT) + (${count}) - greatest(${from}, 1)) END`;

const ifKnown = (args: readonly string[], sql: string): string =>
  `CASE WHEN ${args.map((arg) => `(${arg}) IS NULL`).join(' OR ')} THEN NULL ELSE ${sql} END`;

const pad = (text = '', length = '', fill = '', isLeft = true): string => {
  const rest = `greatest(0, (${length}) - length(${text}))`;
  const filling = `left(repeat(${fill}, CAST(${rest} AS BIGINT)), ${rest})`;
  const cut = `left(${text}, greatest(0, ${length}))`;
  return isLeft ? `(${filling} || ${cut})` : `(${cut} || ${filling})`;
};

export const TEXT_FUNCTIONS: Readonly<Record<string, readonly Signature[]>> = {
  length: [
    signature('(text) → int4', (text) => `length(${text})`),
    signature('(bytea) → int4', (bytes) => `octet_length(${bytes})`),
  ],
  char_length: [signature('(text) → int4', (text) => `length(${text})`)],
  character_length: [signature('(text) → int4', (text) => `length(${text})`)],
  octet_length: [
    signature('(text) → int4', (text) => `strlen(${text})`),
    signature('(bytea) → int4', (bytes) => `octet_length(${bytes})`),
  ],
  bit_length: [signature('(text) → int4', (text) => `strlen(${text}) * 8`)],
  lower: [signature('(text) → text', (text) => `lower(${text})`)],
  upper: [signature('(text) → text', (text) => `upper(${text})`)],
  btrim: [
    signature('(text) → text', (text) => `trim(${text}, ' ')`),
    signature('(text, text) → text', (text, set) => `trim(${text}, ${set})`),
  ],
  ltrim: [
    signature('(text) → text', (text) => `ltrim(${text}, ' ')`),
    signature('(text, text) → text', (text, set) => `ltrim(${text}, ${set})`),
  ],
  rtrim: [
    signature('(text) → text', (text) => `rtrim(${text}, ' ')`),
    signature('(text, text) → text', (text, set) => `rtrim(${text}, ${set})`),
  ],
  replace: [
    signature(
      '(text, text, text) → text',
      (text, from, to) =>
        `CASE WHEN (${from}) = '' AND (${to}) IS NOT NULL THEN ${text} ELSE replace(${text}, ${from}, ${to}) END`,
    ),
  ],
  strpos: [signature('(text, text) → int4', (text, part) => `strpos(${text}, ${part})`)],
  position: [signature('(text, text) → int4', (text, part) => `strpos(${text}, ${part})`)],
  left: [signature('(text, int4) → text', (text, count) => `left(${text}, ${count})`)],
  right: [signature('(text, int4) → text', (text, count) => `right(${text}, ${count})`)],
  substr: [
    signature('(text, int4) → text', (text, from) => `substring(${text}, greatest(${from}, 1))`),
    signature('(text, int4, int4) → text', (text, from, count) =>
      ifKnown([text, from, count].map(String), substring(text, from, count)),
    ),
  ],
  substring: [
    signature('(text, int4) → text', (text, from) =>
      ifKnown([text, from].map(String), `substring(${text}, greatest(${from}, 1))`),
    ),
    signature('(text, int4, int4) → text', (text, from, count) =>
      ifKnown([text, from, count].map(String), substring(text, from, count)),
    ),
  ],
  lpad: [
    signature('(text, int4) → text', (text, length) => pad(text, length, "' '", true)),
    signature('(text, int4, text) → text', (text, length, fill) => pad(text, length, fill, true)),
  ],
  rpad: [
    signature('(text, int4) → text', (text, length) => pad(text, length, "' '", false)),
    signature('(text, int4, text) → text', (text, length, fill) => pad(text, length, fill, false)),
  ],
  repeat: [
    signature('(text, int4) → text', (text, count) => `repeat(${text}, greatest(0, ${count}))`),
  ],
  reverse: [
    // DuckDB keeps what belongs to one picture together, PostgreSQL turns code points around.
    signature(
      '(text) → text',
      (text) => `array_to_string(list_reverse(string_split(${text}, '')), '')`,
    ),
  ],
  split_part: [
    signature('(text, text, int4) → text', (text = '', by = '', at = '') => {
      const zero = raise('22023', 'field position must not be zero');
      const whole = `CASE WHEN abs(${at}) = 1 THEN ${text} ELSE '' END`;
      return ifKnown(
        [text, by, at],
        `CASE WHEN (${at}) = 0 THEN ${zero} WHEN (${by}) = '' THEN ${whole} ELSE split_part(${text}, ${by}, ${at}) END`,
      );
    }),
  ],
  translate: [
    signature(
      '(text, text, text) → text',
      (text = '', from = '', to = '') => `translate(${text}, ${from}, ${to})`,
    ),
  ],
  starts_with: [signature('(text, text) → bool', (text, part) => `starts_with(${text}, ${part})`)],
  md5: [
    signature('(text) → text', (text) => `md5(${text})`),
    signature('(bytea) → text', (bytes) => `md5(${bytes})`),
  ],
  sha256: [signature('(bytea) → bytea', (bytes) => `unhex(sha256(${bytes}))`)],
  ascii: [signature('(text) → int4', (text) => `ascii(${text})`)],
};
