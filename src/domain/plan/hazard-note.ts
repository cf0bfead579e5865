/** What an operator should know and that stops nothing. */
export interface HazardNote {
  readonly message: string;
  readonly hint: string;
}

export function note(message: string, hint: string): HazardNote {
  return { message, hint };
}
