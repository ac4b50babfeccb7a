/** What is wrong with one who speaks to us as if by AGI. The message repeats nothing that came from there at length. */
export class AgiFault extends Error {
  override readonly name = 'AgiFault';
}

/** A text from outside, for a message: its beginning is enough to find it by. */
export function shown(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text);
}
