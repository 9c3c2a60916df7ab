import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { ignoreDifferences } from '../../src/core/lifecycle/ignoreDifferences.ts';
import { NAMESPACE } from '../support/lab.ts';
import { labWorld } from '../support/labWorld.ts';
import { codeBlocks, readDocument } from './documents.ts';

const REF = { kind: 'ConfigMap', namespace: NAMESPACE, name: 'default-sidecar' } as const;
const blocks = codeBlocks(readDocument('docs/gitops.md'));
const yaml = blocks.filter(({ language }) => language === 'yaml').map(({ code }): unknown => parse(code));
const message = (manager: string) => ignoreDifferences(labWorld(), REF, manager);

it.each([
  ['Argo CD', 'argocd-controller', 0],
  ['helm-controller', 'helm-controller', 1],
])('the page shows for %s what the operator tells people to paste', (_, manager, index) => {
  const text = message(manager);
  expect(yaml[index]).toEqual(parse(text.slice(text.indexOf('{'))));
});

it('the page shows for kustomize-controller the command that the operator tells', () => {
  const [first = '', second = ''] = blocks.filter(({ language }) => language === 'sh').map(({ code }) => code);
  expect(message('kustomize-controller')).toContain(first);
  expect(second).toBe(first.replace('=disabled', '-'));
});
