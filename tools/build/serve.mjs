// @ts-check
/** Runs one service and restarts it at each change of a source file: `node tools/build/serve.mjs apps/api`. */
import { spawn } from 'node:child_process';
import { watch } from 'rolldown';
import { bundleOptions, workspaceRoot } from './options.mjs';

const projectRoot = process.argv[2];
if (!projectRoot) {
  console.error('Usage: node tools/build/serve.mjs <project folder>, for example apps/api');
  process.exit(2);
}

/** After SIGTERM a service has this long to finish before it is killed. */
const STOP_TIMEOUT_MS = 30_000;

const options = bundleOptions(projectRoot);
/** @type {import('node:child_process').ChildProcess | undefined} */
let service;
/** Restarts run one after the other, so that two quick edits never leave two services. */
let restarts = Promise.resolve();

const watcher = watch(options);
watcher.on('event', (event) => {
  if (event.code === 'ERROR') console.error(event.error);
  if (event.code === 'BUNDLE_END') {
    void event.result.close();
    restarts = restarts.then(restart);
  }
});

for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM'])) {
  process.once(signal, () => {
    restarts = restarts.then(async () => {
      await watcher.close();
      await stop();
      process.exit(0);
    });
  });
}

async function restart() {
  await stop();
  service = spawn(process.execPath, ['--enable-source-maps', options.output.file], {
    cwd: workspaceRoot,
    stdio: 'inherit',
  });
}

async function stop() {
  const running = service;
  service = undefined;
  if (!running || running.exitCode !== null || running.signalCode !== null) return;
  const ended = new Promise((resolve) => running.once('exit', resolve));
  running.kill('SIGTERM');
  const timer = setTimeout(() => running.kill('SIGKILL'), STOP_TIMEOUT_MS);
  await ended;
  clearTimeout(timer);
}
