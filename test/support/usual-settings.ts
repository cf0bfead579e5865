/**
 * Instead of the tests' own settings, where a server is to behave as a user's would: safe on power
 * loss, and with none of the hostile session defaults.
 */
export const USUAL_SETTINGS: Readonly<Record<string, string>> = {
  fsync: 'on',
  full_page_writes: 'on',
  timezone: 'UTC',
  datestyle: 'ISO, YMD',
  intervalstyle: 'postgres',
  bytea_output: 'hex',
  extra_float_digits: '1',
};
