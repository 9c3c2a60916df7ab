import { describe, expect, it } from 'vitest';
import { replaceMountPaths } from '../../../demo/node/container.ts';
import { expand } from '../../../demo/node/environment.ts';
import { findImage } from '../../../demo/node/images.ts';

describe('expand', () => {
  it('expands known names, keeps unknown ones, and halves $$', () => {
    const env = { HOST: 'shop', PORT: '80' };
    expect(expand('http://$(HOST):$(PORT)/$(PATH)', env)).toBe('http://shop:80/$(PATH)');
    expect(expand('$$(HOST) costs 5$', env)).toBe('$(HOST) costs 5$');
  });
});

describe('replaceMountPaths', () => {
  const mounts = [
    { mountPath: '/etc/envoy', directory: '/pod/config' },
    { mountPath: '/etc/envoy/extra', directory: '/pod/extra' },
    { mountPath: '/data', directory: '/pod/$&' },
  ];
  it('replaces whole paths and beginnings of paths, the longest first', () => {
    expect(replaceMountPaths('/etc/envoy/envoy.yaml', mounts)).toBe('/pod/config/envoy.yaml');
    expect(replaceMountPaths('--dir=/etc/envoy', mounts)).toBe('--dir=/pod/config');
    expect(replaceMountPaths('/etc/envoy/extra/a', mounts)).toBe('/pod/extra/a');
    expect(replaceMountPaths('path: "/data/x"', mounts)).toBe('path: "/pod/$&/x"');
  });
  it('leaves paths that only look alike', () => {
    for (const text of ['/etc/envoy2/a', '/opt/etc/envoy/a', '/database', '/etc/envoy.bak']) {
      expect(replaceMountPaths(text, mounts)).toBe(text);
    }
  });
});

describe('findImage', () => {
  it('knows exactly the images it was given', () => {
    const images = { 'shop:1': 'instant' } as const;
    expect(findImage(images, 'shop:1')).toBe('instant');
    expect(findImage(images, 'shop:2')).toBeUndefined();
    expect(findImage(images, 'constructor')).toBeUndefined();
  });
  it('instant takes every image but a bad one', () => {
    expect(findImage('instant', 'any/thing:v1')).toBe('instant');
    for (const bad of ['any/thing:bad', 'bad', 'registry/bad']) expect(findImage('instant', bad)).toBeUndefined();
    expect(findImage('instant', 'shop:notbad')).toBe('instant');
  });
});
