/** How text lies on a terminal: how wide it is, and what must not reach it raw. */
import { stripVTControlCharacters } from 'node:util';

const segmenter = new Intl.Segmenter('en', { granularity: 'grapheme' });
const WIDE =
  /^(?:\p{Emoji_Presentation}|[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|[\u{20000}-\u{3fffd}])/u;
const ZERO = /^\p{Mark}/u;
const PLAIN = /^[\x20-\x7e]*$/;

/** Columns that `text` takes, colours not counted. */
export function widthOf(text: string): number {
  const visible = stripVTControlCharacters(text);
  if (PLAIN.test(visible)) return visible.length;
  let width = 0;
  for (const { segment } of segmenter.segment(visible)) width += widthOfCharacter(segment);
  return width;
}

/** `text`, which holds no colours, cut to `width` columns with an ellipsis where something went. */
export function truncate(text: string, width: number): string {
  if (widthOf(text) <= width) return text;
  let kept = '';
  let used = 0;
  for (const { segment } of segmenter.segment(text)) {
    const next = widthOfCharacter(segment);
    if (used + next > width - 1) break;
    kept += segment;
    used += next;
  }
  return width < 1 ? '' : `${kept}…`;
}

export function padTo(text: string, width: number, align: 'left' | 'right'): string {
  const space = ' '.repeat(Math.max(0, width - widthOf(text)));
  return align === 'left' ? text + space : space + text;
}

/**
 * Data out of a table may hold escape sequences that would steer the terminal of whoever looks at
 * it: control characters are shown, never sent.
 */
export function showControls(text: string): string {
  return text.replace(/[\0-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/g, showControl);
}

/** One control character as it is written in a program. */
export function showControl(character: string): string {
  switch (character) {
    case '\n':
      return '\\n';
    case '\r':
      return '\\r';
    case '\t':
      return '\\t';
    default: {
      const code = character.charCodeAt(0).toString(16);
      return code.length > 2 ? `\\u${code}` : `\\x${code.padStart(2, '0')}`;
    }
  }
}

function widthOfCharacter(character: string): number {
  if (ZERO.test(character)) return 0;
  return WIDE.test(character) ? 2 : 1;
}
