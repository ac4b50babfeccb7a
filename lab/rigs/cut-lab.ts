/**
 * A lab with a cable between router and Asterisk that can be cut, mended or made silent; phones and Asterisk know nothing of it. And the waits that such
 * scenarios need: until the router has noticed, until something is truly under way before it breaks.
 */
import type { AsteriskVersion } from '../asterisk/asterisk.ts';
import { TONES } from '../asterisk/asterisk.ts';
import { awaitThat } from '../asterisk/deadline.ts';
import type { Callee } from '../callee.ts';
import type { LabCall } from '../caller.ts';
import { type Lab, startLab } from '../lab.ts';
import { Cable } from './proxy.ts';

const SOON_MS = 30_000;

export class CutLab {
  readonly lab: Lab;
  readonly cable: Cable;

  private constructor(lab: Lab, cable: Cable) {
    this.lab = lab;
    this.cable = cable;
  }

  /** Music is a tone of TONES.mohDefault, after a short message. */
  static async start(version: AsteriskVersion, globals: string): Promise<CutLab> {
    const lab = await startLab({ version, startRouter: false, globals, asterisk: { mohDefault: 'tone' } });
    const cable = await Cable.start(Number(new URL(lab.asterisk.ariUrl).port));
    lab.router.environment = { ...lab.router.environment, ARI_URL: `http://127.0.0.1:${cable.port}` };
    await lab.router.start();
    return new CutLab(lab, cable);
  }

  async stop(): Promise<void> {
    await this.lab.stop();
    await this.cable.stop();
  }

  /** Cuts the cable, and returns when the router has noticed. */
  async lose(): Promise<void> {
    this.cable.cut();
    const { router } = this.lab;
    await awaitThat(
      async () => ((await fetch(`${router.url}/healthz`)).status === 503 ? true : undefined),
      SOON_MS,
      async () => `the router did not notice\n${router.log.tail()}`,
    );
  }

  async comeBack(): Promise<void> {
    this.cable.mend();
    await this.lab.router.waitUntilHealthy();
  }

  /** Ends all connections at once, and returns when the router has made new ones. */
  async flicker(): Promise<void> {
    const { log } = this.lab.router;
    const before = log.find(/connected to Asterisk/).length;
    this.cable.drop();
    await awaitThat(
      async () => (log.find(/connected to Asterisk/).length > before ? true : undefined),
      SOON_MS,
      async () => `the router did not come back\n${log.tail()}`,
    );
  }

  /** The caller hears music, and Asterisk has the router's subscription: whatever breaks now breaks in the middle of the waiting. Gives when the music began. */
  async waits(call: LabCall, callee: Callee): Promise<number> {
    const { asterisk } = this.lab;
    const subscription = `${asterisk.stasisApp} endpoint:${callee.mobile.endpoint}`;
    await awaitThat(
      async () => ((await asterisk.leftovers()).subscriptions.includes(subscription) ? true : undefined),
      SOON_MS,
      async () => `the router never subscribed: ${JSON.stringify(await asterisk.leftovers())}`,
    );
    return await call.hears(TONES.mohDefault);
  }

  /** Returns when the router knows that the callee's phone rings. */
  async rings(call: LabCall): Promise<void> {
    const callId = await this.lab.callId(call);
    await awaitThat(
      async () => ((await this.count(callId, 'leg-ringing')) > 0 ? true : undefined),
      SOON_MS,
      async () => `the router knows of no ringing\n${this.lab.router.log.tail()}`,
    );
  }

  /** How often the timeline has such an entry. */
  async count(call: LabCall | string, what: string): Promise<number> {
    return (await this.lab.story(call)).timeline.filter((entry) => entry.what === what).length;
  }
}
