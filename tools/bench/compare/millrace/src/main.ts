import 'reflect-metadata';

export { library } from './library';
export { raw } from './raw';
export { rest, rowInsert } from './rest';
