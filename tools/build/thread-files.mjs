// @ts-check
import { dirname, join } from 'node:path';
import { rolldown } from 'rolldown';
import { isPackage } from './is-package.mjs';
import { textFiles } from './text-files.mjs';

const root = join(import.meta.dirname, '..', '..');
const MARK = '?thread';

/**
 * Imports `./name?thread` as the text of a program for a worker thread: `name.ts` with our own sources that it imports,
 * bundled into one script, npm packages left to `node_modules`. A bundled service so carries its threads in its one file,
 * and specs run them from the sources. The same plugin serves rolldown and vitest.
 *
 * The script is run by `new Worker(text, { eval: true, workerData: { moduleUrl: import.meta.url } })`: packages are
 * looked for from that module, since a text has no place of its own.
 *
 * @param {Record<string, string>} define what stands for constants in our sources
 */
export function threadFiles(define) {
  return {
    name: 'thread-files',
    enforce: /** @type {const} */ ('pre'),
    /** @param {string} source @param {string | undefined} importer */
    resolveId(source, importer) {
      if (!source.endsWith(MARK) || importer === undefined) return null;
      return `${join(dirname(importer), source.slice(0, -MARK.length))}.ts${MARK}`;
    },
    /**
     * @this {{ addWatchFile(id: string): void }}
     * @param {string} id
     */
    async load(id) {
      if (!id.endsWith(MARK)) return null;
      const bundle = await rolldown({
        cwd: root,
        input: id.slice(0, -MARK.length),
        platform: /** @type {const} */ ('node'),
        tsconfig: join(root, 'tsconfig.base.json'),
        external: isPackage,
        transform: { define },
        plugins: [textFiles(), threadFiles(define)],
      });
      const { output } = await bundle.generate({ format: 'cjs' });
      await bundle.close();
      for (const source of output[0].moduleIds) this.addWatchFile(source);
      return { code: `export default ${JSON.stringify(withRequire(output[0].code))};`, moduleType: 'js' };
    },
  };
}

/** @param {string} code */
function withRequire(code) {
  const require = `require('node:module').createRequire(require('node:worker_threads').workerData.moduleUrl)`;
  return `((require) => {\n${code}\n})(${require});\n`;
}
