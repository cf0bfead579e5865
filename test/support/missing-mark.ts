/** Marks a suite that its run had no server for, in its title: the closing summary counts them. */
export const MISSING_MARK = 'not run, no ';
