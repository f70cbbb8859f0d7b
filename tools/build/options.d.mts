import type { BuildOptions, OutputOptions } from 'rolldown';

/** The root of the workspace. */
export const workspaceRoot: string;

/**
 * How a service is bundled: our own sources into one file, npm packages left to `node_modules`. A `faults` build has fault
 * points and mutants in it. `folder`, below `dist`, is where the bundle goes: `faults` for such a build, else `dist` itself.
 */
export function bundleOptions(
  projectRoot: string,
  kind?: 'production' | 'faults',
  folder?: string,
): BuildOptions & {
  readonly cwd: string;
  readonly output: OutputOptions & { readonly file: string };
};
