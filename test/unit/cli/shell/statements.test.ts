import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { onOneLine, splitStatements } from '../../../../src/cli/shell/statements.ts';

const complete = (text: string): readonly string[] => splitStatements(text).complete;

describe('statements', () => {
  it.each([
    ['select 1; select 2;', ['select 1', 'select 2']],
    ["select ';' ; select 'it''s; so';", ["select ';'", "select 'it''s; so'"]],
    ['select 1 as "a;b";', ['select 1 as "a;b"']],
    ["select e'\\';' as v;", ["select e'\\';' as v"]],
    ["select 'C:\\';", ["select 'C:\\'"]],
    ['select $$;$$, $tag$ ; $$ $tag$;', ['select $$;$$, $tag$ ; $$ $tag$']],
    ['select $1 ; select $2;', ['select $1', 'select $2']],
    ['-- one; two\nselect 1;', ['-- one; two\nselect 1']],
    ['select /* ; /* ; */ ; */ 1;', ['select /* ; /* ; */ ; */ 1']],
    ['select name$; select a_$b$ ;', ['select name$', 'select a_$b$']],
    [';; ;', []],
    ['-- nothing\n; /* at all */ ;', []],
  ])('of %j end where a ; ends them', (text, expected) => {
    expect(complete(text)).toEqual(expected);
    expect(splitStatements(text)).toMatchObject({ rest: '', within: null });
  });

  it.each([
    ['select 1', null],
    ["select 'abc;\n", "'"],
    ['select "abc;\n', '"'],
    ['select $x$ ; $$\n', '$'],
    ['select 1 /* ; /* ; */\n', '/*'],
    ['/* a comment\n', '/*'],
    ["select e'\\'\n", "'"],
  ])('that are begun, as %j, wait, and say within what', (text, within) => {
    expect(splitStatements(text)).toEqual({ complete: [], rest: text, within });
  });

  it('leave nothing behind where what follows the last ; says nothing', () => {
    expect(splitStatements('select 1; -- done\n')).toEqual({
      complete: ['select 1'],
      rest: '',
      within: null,
    });
    expect(splitStatements('select 1;\nselect 2').rest).toBe('\nselect 2');
  });

  it('are whole, whatever is in them, and found however they are cut into lines', () => {
    const piece = fc.constantFrom(
      "'a;b'",
      '"c;d"',
      '$$;$$',
      '$t$;$t$',
      '/* ; */',
      '-- ;\n',
      ' x ',
      '1',
    );
    fc.assert(
      fc.property(fc.array(fc.array(piece), { maxLength: 5 }), (statements) => {
        const texts = statements.map((pieces) => `select ${pieces.join(' ')}`);
        const found = complete(texts.map((text) => `${text}\n;`).join(''));
        expect(found).toEqual(texts.map((text) => text.trim()));
      }),
    );
  });
});

describe('a statement on one line', () => {
  it('has no comments, and blanks only where they part words', () => {
    expect(onOneLine("select  1, -- one\n  'two  words' /* 2 */\nfrom t")).toBe(
      "select 1, 'two  words' from t",
    );
  });

  it('is none where a text within it has lines', () => {
    expect(onOneLine("select 'a\nb'")).toBeNull();
  });
});
