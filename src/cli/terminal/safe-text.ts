/** What comes from elsewhere must not steer the terminal of whoever reads it. */
import { showControl } from './text-width.ts';

/** The colours that are used here; whatever else begins as they do is somebody else's. */
const OURS = String.raw`\u001b\[(?:0|1|2|22|3[1-6]|39|90)m`;
/** Control characters but the end of a line, and those that turn the direction of what follows. */
const STEERING = String.raw`[\0-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]`;

const WITH_COLOURS = new RegExp(`${OURS}|${STEERING}`, 'g');
const WITHOUT_COLOURS = new RegExp(STEERING, 'g');

/** Lines for a terminal or a log, with control characters shown and not sent. */
export function safeText(
  text: string,
  { isColorSupported }: { isColorSupported: boolean },
): string {
  const pattern = isColorSupported ? WITH_COLOURS : WITHOUT_COLOURS;
  return text.replace(pattern, (found) => (found.length > 1 ? found : showControl(found)));
}
