// @ts-check
import { describe, expect, it } from 'vitest';
import { unsuitable } from './launch.mjs';

describe('unsuitable', () => {
  it.each(['20.19.0', '20.20.2', '22.0.0'])('takes Node.js %s', (version) => {
    expect(unsuitable(version, 'linux')).toBeUndefined();
  });

  it.each(['12.22.9', '18.20.0', '20.18.3'])('refuses Node.js %s and names the version it needs', (version) => {
    expect(unsuitable(version, 'linux')).toMatch(/20\.19/);
  });

  it('says where it runs instead of Windows', () => {
    expect(unsuitable('22.0.0', 'win32')).toMatch(/WSL/);
  });
});
