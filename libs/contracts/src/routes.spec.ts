import { describe, expect, it } from 'vitest';
import { InvalidRoutes, parseRoutes, routeOf } from './routes';

describe('parseRoutes', () => {
  it('reads exact types and prefixes', () => {
    expect(parseRoutes(' send_email:mail, report.*:reports ')).toEqual([
      { pattern: 'send_email', queue: 'mail' },
      { pattern: 'report.*', queue: 'reports' },
    ]);
  });

  it('separates at the last colon, because a type may contain one', () => {
    expect(parseRoutes('shop:order:orders')).toEqual([{ pattern: 'shop:order', queue: 'orders' }]);
  });

  it('has no routes for an empty text', () => {
    expect(parseRoutes(' , ')).toEqual([]);
  });

  it.each(['mail', ':mail', 'send_email:', 'a b:mail', 'send_email:tasks', 'a*b:mail'])('refuses %s', (text) => {
    expect(() => parseRoutes(text)).toThrow(InvalidRoutes);
  });
});

describe('routeOf', () => {
  const routes = parseRoutes('*:rest,report.*:reports,report.daily.*:daily,report.daily.pdf:pdf');

  it.each([
    ['report.daily.pdf', 'pdf'],
    ['report.daily.csv', 'daily'],
    ['report.weekly', 'reports'],
    ['noop', 'rest'],
  ])('sends %s to the most exact route: %s', (type, queue) => {
    expect(routeOf(routes, type)).toBe(queue);
  });

  it('falls back to the default queue', () => {
    expect(routeOf(parseRoutes('a:b'), 'c')).toBe('default');
  });
});
