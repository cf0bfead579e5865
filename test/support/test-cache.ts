/** Where what is made once for the tests lies, outside of the checkout. Delete it to be rid of it. */
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';

export function testCache(): string {
  return resolve(process.env['TIERD_TEST_CACHE'] ?? join(homedir(), '.cache', 'tierd'));
}
