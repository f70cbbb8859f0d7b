export { eventually } from './eventually';
export { ownRedis, testRedis, type OwnRedis, type TestRedis } from './redis';
export { signal, type Signal } from './signal';
