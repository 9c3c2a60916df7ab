import { describe, expect, test } from 'vitest';
import { parseOptions, splitImage } from '../../e2e/options.ts';

describe('options of the end-to-end run', () => {
  test('name the images; the rest has defaults', () => {
    const images = ['--operator-image', 'registry.example.com:5000/a/operator:1', '--lab-image', 'localhost:5000/lab'];
    expect(parseOptions([...images, '--envoy-image=envoy:2'])).toEqual({
      operatorImage: 'registry.example.com:5000/a/operator:1',
      labImage: 'localhost:5000/lab',
      envoyImage: 'envoy:2',
      context: undefined,
      requestsPerSecond: 30,
      deadlineSeconds: 600,
      keep: false,
      help: false,
    });
  });

  test.each([
    [['--lab-image', 'lab:v1'], '--lab-image takes a name without a tag, not lab:v1'],
    [['--requests-per-second', '0'], "--requests-per-second must be a whole number above 0, not '0'"],
    [['--requests-per-second', 'many'], "not 'many'"],
    [['--deadline-seconds', '1.5'], "not '1.5'"],
    [['--image', 'x'], "Unknown option '--image'"],
  ])('refuse %j', (args, message) => {
    expect(() => parseOptions(args)).toThrow(message);
  });
});

test.each([
  ['mirror-experiment:e2e', { name: 'mirror-experiment', tag: 'e2e' }],
  ['localhost:5000/mirror-experiment', { name: 'localhost:5000/mirror-experiment', tag: undefined }],
  ['localhost:5000/a/b:1.0-x', { name: 'localhost:5000/a/b', tag: '1.0-x' }],
  ['a/b@sha256:0011', { name: 'a/b@sha256:0011', tag: undefined }],
])('splits %s', (image, parts) => {
  expect(splitImage(image)).toEqual(parts);
});
