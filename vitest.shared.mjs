// @ts-check
import { join } from 'node:path';
import { defineConfig } from 'vitest/config';
import { FAULT_CONSTANTS } from './tools/build/fault-constants.mjs';
import { textFiles } from './tools/build/text-files.mjs';
import { threadFiles } from './tools/build/thread-files.mjs';

/** `npm test` collects one JSON report for each run in this folder and adds them up. */
const reportDir = process.env.VITEST_JSON_DIR;

/** One configuration for every project; `--dir` chooses whose specs run. */
export default defineConfig({
  plugins: [textFiles(), threadFiles(FAULT_CONSTANTS.faults)],
  define: FAULT_CONSTANTS.faults,
  resolve: { tsconfigPaths: true },
  oxc: { decorator: { legacy: true, emitDecoratorMetadata: true } },
  test: {
    include: ['**/*.spec.ts', '**/*.spec.mjs'],
    passWithNoTests: true,
    // The stores are real and shared by all files of a run: two at a time keep two cores busy without starving them.
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 60_000,
    reporters: reportDir ? ['default', 'json'] : ['default'],
    ...(reportDir ? { outputFile: { json: join(reportDir, `${process.pid}-${Date.now()}.json`) } } : {}),
  },
});
