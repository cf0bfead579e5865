/** Why a server could not be reached, in our own words: those of Node and of its libraries are for programmers. */

export interface LineFailure {
  readonly what: string;
  readonly advice: string;
}

/** Node's code → what it means for whoever configured the address. */
const BY_CODE: Readonly<Record<string, LineFailure>> = {
  ECONNREFUSED: {
    what: 'nothing listens there',
    advice: 'check host and port in the configuration, and that the server runs and listens there',
  },
  ENOTFOUND: {
    what: 'no host of that name is known',
    advice: 'correct the host in the configuration, or have the name entered in DNS or /etc/hosts',
  },
  EAI_AGAIN: {
    what: 'the name of the host could not be looked up',
    advice: 'check that this machine reaches its name server (/etc/resolv.conf), then run again',
  },
  ETIMEDOUT: {
    what: 'nothing answered in time',
    advice: 'check host and port, and that no firewall on the way drops the packets',
  },
  EHOSTUNREACH: {
    what: 'there is no way to that host',
    advice: 'check the network between both machines, then run again',
  },
  ENETUNREACH: {
    what: 'there is no way to that network',
    advice: 'check the network of this machine, then run again',
  },
  ECONNRESET: {
    what: 'the server or something on the way cut the line',
    advice: 'run again; when it stays so, look into the server’s log',
  },
  EPIPE: {
    what: 'the server or something on the way cut the line',
    advice: 'run again; when it stays so, look into the server’s log',
  },
  ENOENT: {
    what: 'there is no such socket',
    advice: 'correct the path of the socket in the configuration, or start the server',
  },
  EACCES: {
    what: 'this user may not use the socket',
    advice: 'let tierd’s user into the group that may, or connect by TCP',
  },
};

const OF_FILES: ReadonlySet<string> = new Set(['ENOENT', 'EACCES']);

/** Null for what is no failure of a line. Where several addresses were tried, the last that failed tells. */
export function lineFailureOf(error: unknown): LineFailure | null {
  if (!(error instanceof Error) || !('code' in error)) return null;
  const { code } = error;
  // A file that is missing has the same code as a socket that is; only their calls differ.
  if (OF_FILES.has(String(code)) && !('syscall' in error && error.syscall === 'connect'))
    return null;
  const found = typeof code === 'string' ? BY_CODE[code] : undefined;
  return found === undefined ? null : { ...found, what: `${found.what} (${String(code)})` };
}
