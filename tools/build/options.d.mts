import type { BuildOptions, OutputOptions } from 'rolldown';

/** The root of the workspace. */
export const workspaceRoot: string;

/** How a service is bundled: our own sources into one file, npm packages left to `node_modules`. */
export function bundleOptions(projectRoot: string): BuildOptions & {
  readonly cwd: string;
  readonly output: OutputOptions & { readonly file: string };
};
