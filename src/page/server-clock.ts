/** The server's clock, told by the Date header of its answers, which has whole seconds. */

/** Less than this is the header's rounding and the way there and back. */
const TOLERANCE_MS = 1_500;

/** @returns how far the server is ahead of this machine; the offset so far where that still fits. */
export function clockOffsetMs(
  soFarMs: number | null,
  dateHeader: string | null,
  askedMs: number,
  answeredMs: number,
): number | null {
  const serverMs = Date.parse(dateHeader ?? '');
  if (Number.isNaN(serverMs)) return soFarMs;
  // The second that the header names is half over on average.
  const offset = serverMs + 500 - (askedMs + answeredMs) / 2;
  return soFarMs !== null && Math.abs(offset - soFarMs) <= TOLERANCE_MS ? soFarMs : offset;
}
