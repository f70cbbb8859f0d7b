export { freePort } from '@millrace/stack';
export { ApiClient, type TaskCounts, type TaskJson } from './api-client';
export { eventually } from './eventually';
export { ownPostgres, testDatabase, type OwnPostgres, type TestDatabase } from './postgres';
export { ownRedis, testRedis, type OwnRedis, type TestRedis } from './redis';
export { AddressTaken, EndedTooSoon, ServiceProcess, type ServiceProcessOptions } from './service-process';
export { signal, type Signal } from './signal';
