import type { BuildOptions, OutputOptions } from 'rolldown';

/** The root of the workspace. */
export const workspaceRoot: string;

/**
 * How a service is bundled: our own sources into one file, npm packages left to `node_modules`. A `faults` build, under
 * `dist/faults`, has fault points and mutants in it.
 */
export function bundleOptions(
  projectRoot: string,
  kind?: 'production' | 'faults',
): BuildOptions & {
  readonly cwd: string;
  readonly output: OutputOptions & { readonly file: string };
};
