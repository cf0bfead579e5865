/** What a session of a driver begins with, so that texts are alike whatever the server has set. */

const SETTINGS = {
  timezone: 'UTC',
  datestyle: 'ISO',
  intervalstyle: 'postgres',
  extra_float_digits: '1',
  bytea_output: 'hex',
};

/** As `options` of a connection takes it, in a URL. */
export const SESSION = encodeURIComponent(
  Object.entries(SETTINGS)
    .map(([name, value]) => `-c ${name}=${value}`)
    .join(' '),
);
