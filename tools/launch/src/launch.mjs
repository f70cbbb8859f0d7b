// @ts-check
const OLDEST_NODE = { major: 20, minor: 19 };

/**
 * Runs a command and ends the process with its exit code. The command is imported only after the version of Node.js was
 * found good, as an old one could not even read it.
 *
 * @param {() => Promise<{main(args: string[]): Promise<number>}>} importCommand
 */
export function launch(importCommand) {
  const complaint = unsuitable(process.versions.node, process.platform);
  if (complaint) {
    console.error(complaint);
    process.exitCode = 1;
    return;
  }
  importCommand()
    .then((command) => command.main(process.argv.slice(2)))
    .catch(report)
    .then((code) => process.exit(code));
}

/**
 * @param {string} version of Node.js
 * @param {string} platform
 * @returns {string | undefined} what to do about it
 */
export function unsuitable(version, platform) {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major < OLDEST_NODE.major || (major === OLDEST_NODE.major && minor < OLDEST_NODE.minor)) {
    return (
      `Millrace needs Node.js ${OLDEST_NODE.major}.${OLDEST_NODE.minor} or newer, and this is ${version}. ` +
      'Install a newer one (https://nodejs.org, or `nvm install 22`) and try again.'
    );
  }
  if (platform === 'win32') return 'Millrace runs on Linux and macOS; on Windows use WSL (`wsl --install`).';
  return undefined;
}

/**
 * Errors whose message says what to do need no stack trace.
 *
 * @param {unknown} error
 * @returns {Promise<number>} the exit code
 */
async function report(error) {
  const { StackError } = await import('../../stack/src/index.mjs');
  console.error(error instanceof StackError ? `\n${error.message}` : error);
  return 1;
}
