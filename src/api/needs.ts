/**
 * What the HTTP API shows of the rest of the router beside users, devices and calls: how it is. Main wires it. It must never name a database or a
 * protocol.
 */

export interface HealthReport {
  /** Whether calls can be routed. */
  readonly healthy: boolean;
  /** Each part by name, with the reason in words where it is not well. Shown to anybody. */
  readonly parts: Readonly<Record<string, HealthPart>>;
}

interface HealthPart {
  readonly ok: boolean;
  readonly why?: string;
  /** Of a push service: whether the site uses it at all. */
  readonly configured?: boolean;
}

export interface MetricsPage {
  readonly contentType: string;
  /** In Prometheus' text format. */
  text(): Promise<string>;
}
