// @ts-check
/**
 * Whether an import names an npm package, which is left to `node_modules`. The decorator helpers of
 * `@oxc-project/runtime` are inserted by the compiler and not installed, so they are bundled.
 *
 * @param {string} id
 */
export function isPackage(id) {
  return /^[@\w]/.test(id) && !id.startsWith('@millrace/') && !id.startsWith('@oxc-project/') && !/^\w:[\\/]/.test(id);
}
