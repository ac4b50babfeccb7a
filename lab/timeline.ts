/** Picks from a call's timeline what a scenario asks about. It must never wait: the story is as it was told. */
import type { Story, ToldEntry } from './api-client.ts';

/** The facts of each entry of that name, in order. */
export function facts(story: Story, what: string): readonly ToldEntry['facts'][] {
  return story.timeline.filter((entry) => entry.what === what).map((entry) => entry.facts);
}
