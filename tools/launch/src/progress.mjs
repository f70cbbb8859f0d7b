// @ts-check

/**
 * Prints what is being done, with the seconds since this command began.
 *
 * @param {string} line
 */
export function progress(line) {
  const seconds = (performance.now() / 1000).toFixed(1);
  console.log(`[${seconds.padStart(6)} s] ${line}`);
}
