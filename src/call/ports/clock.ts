/** The time, as the call knows it. Imported by way of ports.ts. It must never be read in any other way within the domain. */

/** Time. Waits use the monotonic reading, payloads and logs the wall clock, so that a clock that jumps moves no deadline. */
export interface Clock {
  /** Monotonic milliseconds since some fixed moment. */
  nowMs(): number;
  /** Milliseconds since 1970, for payloads and logs only. */
  wallMs(): number;
  /** Resolves after `ms`; rejects with the signal's reason as soon as it aborts. Leaves no timer behind either way. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}
