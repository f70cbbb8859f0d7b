// @ts-check
export { cloneFolder, dataFolder, workspaceRoot } from './paths.mjs';
export { freePort, PortTakenError } from './ports.mjs';
export { startPostgres } from './postgres.mjs';
export { RedisNotFoundError } from './redis-binary.mjs';
export { startRedis } from './redis.mjs';
export { createRunFolder, removeDeadRunFolders, removeRunFolder } from './run-folder.mjs';
