/** An answer that is no. */

/** What a server that refuses, fails or does not answer at all ends a call with. */
export class TierdProblem extends Error {
  override readonly name = 'TierdProblem';
  /** The HTTP status; null where there was no answer, or it broke off. */
  readonly status: number | null;
  /** Of docs/errors.md, such as `HOT_ROWS_EXCEEDED`; null where the server gave none. */
  readonly code: string | null;
  /** What to do next; null where the server gave none. */
  readonly hint: string | null;
  /** Asking again after so many seconds may help; null where nothing says so. */
  readonly retryAfterSeconds: number | null;

  constructor(
    message: string,
    more: Partial<Pick<TierdProblem, 'status' | 'code' | 'hint' | 'retryAfterSeconds'>> = {},
    cause?: unknown,
  ) {
    super(message, cause === undefined ? undefined : { cause });
    this.status = more.status ?? null;
    this.code = more.code ?? null;
    this.hint = more.hint ?? null;
    this.retryAfterSeconds = more.retryAfterSeconds ?? null;
  }
}

/** Of Problem Details; of anything else as far as it goes. */
export async function problemOf(response: Response): Promise<TierdProblem> {
  const body: unknown = await response.json().catch(() => null);
  const { title, detail, code, hint } = (body ?? {}) as Readonly<Record<string, unknown>>;
  const { status } = response;
  const retryAfter = Number(response.headers.get('retry-after') ?? Number.NaN);
  return new TierdProblem(
    textOf(detail) ?? textOf(title) ?? `The server answered ${String(status)}.`,
    {
      status,
      code: textOf(code),
      hint: textOf(hint),
      retryAfterSeconds: Number.isFinite(retryAfter) ? retryAfter : null,
    },
  );
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}
