/** Marks a suite that its run had no server for, in its title: the closing summary counts them. */
export const MISSING_MARK = 'not run, no ';

/** Where a skip is a failure. Services set it to `true`, `1` or their name. */
export const isCi = (): boolean => !['', '0', 'false'].includes(process.env['CI'] ?? '');
