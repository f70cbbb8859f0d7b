/** Lua scripts and SQL files are imported as text; `text-files.mjs` does it for the bundler and for vitest alike. */
declare module '*.lua' {
  const text: string;
  export default text;
}

declare module '*.sql' {
  const text: string;
  export default text;
}

/** The text of a program for a worker thread; `thread-files.mjs` makes it of the file of that name. */
declare module '*?thread' {
  const text: string;
  export default text;
}
