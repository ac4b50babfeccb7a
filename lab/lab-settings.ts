/**
 * What a test file may choose about its lab. All but the version has a default that suits.
 */
import type { AsteriskSettings, AsteriskVersion } from './asterisk/asterisk.ts';
import type { RouterEnvironment } from './router.ts';

export interface LabSettings {
  readonly version: AsteriskVersion;
  /** Lines of xivo_globals.conf. */
  readonly globals?: string;
  /** How many users there can be at once; 12 unless said. */
  readonly seats?: number;
  /** Anything else of the Asterisk; endpoints and extraDialplan are added to the lab's own. */
  readonly asterisk?: Partial<Omit<AsteriskSettings, 'version' | 'globals'>>;
  /** Added to the router's environment, or in place of what the lab gives. */
  readonly environment?: RouterEnvironment;
  /** false: the router is not started; lab.router.start() does it. */
  readonly startRouter?: boolean;
  readonly onProgress?: (line: string) => void;
}
