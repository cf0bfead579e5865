/** Regular expressions that RE2 matches as PostgreSQL does; the others are refused by what is in them. */
import { type Expression, isOpen, quoteLiteral, typed } from './expression.ts';
import { type SqlRefusal, unsupported } from './sql-refusal.ts';

const WAY_OUT =
  'Ask it of PostgreSQL: with `offset 0` in a subquery around the foreign table the condition stays there.';

/** @param pattern has to be a literal: one of each row can't be looked at */
export function matchRegularExpression(
  operator: string,
  subject: Expression,
  pattern: Expression,
): Expression {
  if (isOpen(pattern)) return typed(`(${subject.sql} = ${pattern.sql})`, 'bool');
  if (pattern.literal === undefined && !isLiteral(pattern.sql)) {
    throw unsupported('a regular expression that is no literal', WAY_OUT, pattern.location);
  }
  const text = pattern.sql.slice(1, -1).replaceAll("''", "'");
  const translated = translate(text, operator.endsWith('*'));
  const call = `regexp_matches(${subject.sql}, ${quoteLiteral(`(?s)${translated}`)})`;
  return typed(operator.startsWith('!') ? `(NOT ${call})` : call, 'bool');
}

const isLiteral = (sql: string): boolean => /^'(?:[^']|'')*'$/.test(sql);

function refused(what: string): SqlRefusal {
  return unsupported(`${what} in a regular expression`, WAY_OUT);
}

/** Only what is known to mean the same: plain characters, sets, groups, alternatives, counts, ends of the text. */
function translate(pattern: string, ignoresCase: boolean): string {
  if (/^\*\*\*|^\(\?/.test(pattern)) throw refused('an option at the beginning');
  let result = '';
  for (let at = 0; at < pattern.length; ) {
    const rest = pattern.slice(at);
    const [token = ''] = TOKEN.exec(rest) ?? [];
    if (token === '') throw refused(`"${rest.slice(0, 3)}"`);
    result += piece(token, ignoresCase);
    at += token.length;
  }
  return result;
}

const TOKEN =
  /^(?:\\[\s\S]|\[\^?\]?(?:\[:[a-z]+:\]|\\[\s\S]|[^\]\\])*\]|\((?!\?)|\(\?:|\)|\||\^|\$|\.|[*+?](?![*+])\??|\{\d{1,3}(?:,\d{0,3})?\}(?![*+])\??|[^\\[\](){}*+?|^$.])/u;

function piece(token: string, ignoresCase: boolean): string {
  if (token.startsWith('\\')) {
    const [, escaped = ''] = token;
    if (escaped === 'd') return '[0-9]';
    if (/[A-Za-z0-9]/.test(escaped)) throw refused(token);
    return /[\x21-\x7e]/.test(escaped) ? token : escaped;
  }
  if (token.startsWith('[')) return set(token, ignoresCase);
  if (!ignoresCase || !/^\p{L}$/u.test(token)) return token;
  if (!/^[a-z]$/i.test(token)) throw refused(`"${token}" without its case`);
  return `[${token.toLowerCase()}${token.toUpperCase()}]`;
}

function set(token: string, ignoresCase: boolean): string {
  if (/\[:(?!digit:)/.test(token) || /\[[.=]/.test(token.slice(1)))
    throw refused(`the set ${token}`);
  const escapes = [...token.matchAll(/\\([\s\S])/g)].map(([, escaped = '']) => escaped);
  if (escapes.some((escaped) => /[a-z0-9]/i.test(escaped) && escaped !== 'd'))
    throw refused(`the set ${token}`);
  if (/-(\[|\\d)|(\]|\\d)-(?!\])/.test(token.slice(1, -1))) throw refused(`the set ${token}`);
  const written = token.replaceAll('\\d', '0-9');
  if (!ignoresCase || !/\p{L}/u.test(written.replaceAll('[:digit:]', ''))) return written;
  const inner = written.slice(1, -1);
  const plain = inner.replaceAll('[:digit:]', '');
  if (/[^\x20-\x7e]/.test(plain)) throw refused(`the set ${token} without its case`);
  const added = [...plain.matchAll(/([A-Za-z])-([^-])|([A-Za-z])/g)].map(
    ([all, from, to, single]) => {
      if (single !== undefined) return swap(single);
      if (from === undefined || to === undefined || !/^[a-z]-[a-z]$|^[A-Z]-[A-Z]$/.test(all)) {
        throw refused(`the set ${token} without its case`);
      }
      return `${swap(from)}-${swap(to)}`;
    },
  );
  if (/[^A-Za-z]-[A-Za-z]/.test(plain.replace(/^\^?/, '').replaceAll(/[A-Za-z]-[A-Za-z]/g, ''))) {
    throw refused(`the set ${token} without its case`);
  }
  return `[${inner}${added.join('')}]`;
}

function swap(letter: string): string {
  return letter === letter.toLowerCase() ? letter.toUpperCase() : letter.toLowerCase();
}
