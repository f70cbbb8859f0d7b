// @ts-check
export { lastLines } from './log-tail.mjs';
export { cloneFolder, createFolder, dataFolder, workspaceRoot } from './paths.mjs';
export { freePort, isFree, PortTakenError } from './ports.mjs';
export { startPostgres } from './postgres.mjs';
export { identityOf, isAlive, isIdentity } from './process-identity.mjs';
export { recordProcesses, signalProcess, stopProcess, stopRecorded, waitUntil } from './process-record.mjs';
export { RedisNotFoundError } from './redis-binary.mjs';
export { startRedis } from './redis.mjs';
export { StackError } from './stack-error.mjs';
export { createRunFolder, livingRunFolders, removeDeadRunFolders, removeRunFolder } from './run-folder.mjs';
