/** The command line of scripts/package. What it does not know it refuses, with what it would have taken. It reads no environment. */
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';

export interface PackageOptions {
  readonly version: string;
  /** The folder for the package. */
  readonly into: string;
}

/** What dpkg takes for a version without an epoch. */
const VERSION = /^\d[A-Za-z0-9.+~]*(-[A-Za-z0-9.+~]+)?$/;

/**
 * The options, or what is wrong with the command line.
 * @param usual what counts where nothing else is asked for
 * @param from the folder in which the command was given
 */
export function readPackageOptions(
  args: readonly string[],
  usual: PackageOptions,
  from: string,
): PackageOptions | string {
  try {
    const options = { version: { type: 'string' }, into: { type: 'string' } } as const;
    const { version = usual.version, into } = parseArgs({ args: [...args], options }).values;
    if (!VERSION.test(version))
      throw new Error(`--version is ${version}; it must be one of Debian's, as 1.2.0 or 1.2.0-1.`);
    return { version, into: into === undefined ? usual.into : resolve(from, into) };
  } catch (error) {
    const words = error instanceof Error ? error.message : String(error);
    return `scripts/package: ${words}\nscripts/package --help says what there is.`;
  }
}
