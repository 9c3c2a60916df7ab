import { expect, test } from 'vitest';
import { rootOf } from '../../../../src/core/mirror/envoy/cursor.ts';
import { type MethodOverlap, methodOverlap } from '../../../../src/core/mirror/envoy/methods.ts';
import { parseConfig } from '../../../../src/core/mirror/envoy/parse.ts';

test.each<[string, MethodOverlap]>([
  ['{prefix: /}', 'some'],
  ['{headers: [{name: x-tenant, string_match: {exact: GET}}]}', 'some'],
  ['{headers: [{name: ":method", string_match: {exact: GET}}]}', 'all'],
  ['{headers: [{name: ":METHOD", exact_match: HEAD}]}', 'all'],
  ['{headers: {name: ":method", stringMatch: {exact: GET}}}', 'all'],
  ['{headers: [{name: ":method", string_match: {exact: get}}]}', 'none'],
  ['{headers: [{name: ":method", string_match: {exact: get, ignore_case: true}}]}', 'some'],
  ['{headers: [{name: ":method", string_match: {exact: POST}}]}', 'none'],
  ['{headers: [{name: ":method", string_match: {exact: POST}, invert_match: true}]}', 'some'],
  ['{headers: [{name: ":method", string_match: {safe_regex: {regex: GET|HEAD}}}]}', 'all'],
  ['{headers: [{name: ":method", safe_regex_match: {regex: "(?:GET|HEAD)"}}]}', 'all'],
  ['{headers: [{name: ":method", string_match: {safe_regex: {regex: "^GET|POST$"}}}]}', 'some'],
  ['{headers: [{name: ":method", string_match: {safe_regex: {regex: PUT|POST}}}]}', 'none'],
  ['{headers: [{name: ":method", string_match: {safe_regex: {regex: "GET|"}}}]}', 'some'],
  ['{headers: [{name: ":method", string_match: {safe_regex: {regex: "G.*"}}}]}', 'some'],
  ['{headers: [{name: ":method", string_match: {prefix: P}}]}', 'some'],
  ['{headers: [{name: ":method", present_match: true}]}', 'some'],
  [
    '{headers: [{name: ":method", string_match: {safe_regex: {regex: GET|POST}}}, {name: ":method", exact_match: GET}]}',
    'all',
  ],
  ['{headers: [{name: ":method", exact_match: GET}, {name: ":method", exact_match: POST}]}', 'none'],
])('%s takes %s of GET and HEAD', (text, overlap) => {
  const match = rootOf(parseConfig({ key: 'match', text }));
  expect(methodOverlap(match, ['GET', 'HEAD'])).toBe(overlap);
  expect(methodOverlap(match, ['*'])).toBe('all');
});
