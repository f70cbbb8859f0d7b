/** Calls `read` with a watched copy of a document and answers the paths of all keys that it never asked for. */
export function unreadKeys(document: object, read: (watched: object) => void): string[] {
  const asked = new WeakMap<object, Set<PropertyKey>>();
  read(watch(document, asked));
  return pathsOfUnread(document, asked, '');
}

function watch(target: object, asked: WeakMap<object, Set<PropertyKey>>): object {
  const keys = asked.get(target) ?? new Set();
  asked.set(target, keys);
  return new Proxy(target, {
    get(object, key, receiver) {
      keys.add(key);
      const value: unknown = Reflect.get(object, key, receiver);
      return isObject(value) ? watch(value, asked) : value;
    },
  });
}

function pathsOfUnread(value: unknown, asked: WeakMap<object, Set<PropertyKey>>, path: string): string[] {
  if (!isObject(value)) return [];
  return Object.entries(value).flatMap(([key, child]) => {
    const childPath = `${path}/${key}`;
    return asked.get(value)?.has(key) ? pathsOfUnread(child, asked, childPath) : [childPath];
  });
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
