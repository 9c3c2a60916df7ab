import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { experimentResult, isComplete, readExperiment } from '../../src/cli/experimentResult.ts';
import { isRecord, recordAt, recordsAt, stringAt } from '../../src/core/kubernetes/fields.ts';
import type { KubernetesObject } from '../../src/core/kubernetes/object.ts';
import { ROOT } from '../docs/documents.ts';
import { testCluster } from '../support/apiServer.ts';
import { kubectl } from '../support/kubectl.ts';
import { read, readYaml, recipeCheck } from './recipes.ts';
import { everyReason, type State, simulatedStates, stateOf } from './states.ts';

interface Health {
  readonly status: string;
  readonly message: string;
}
interface Answer {
  readonly argo: Health;
  readonly kstatus: Health;
  readonly flux: Health;
}

const LUA_KEY = 'resource.customizations.health.mirroring.dev_MirrorExperiment';
const lua = stringAt(recordAt(readYaml('docs/recipes/argo-cd/argocd-cm.yaml'), 'data'), LUA_KEY) ?? '';
const [gate] = parseAllDocuments(read('docs/recipes/flux/kustomization.yaml')).map((each): unknown => each.toJS());
const [expressions] = recordsAt(recordAt(gate, 'spec'), 'healthCheckExprs');

async function judge(objects: readonly KubernetesObject[], script = lua): Promise<Answer[]> {
  const asked = await recipeCheck(['health'], JSON.stringify({ lua: script, expressions, objects }));
  expect(asked).toMatchObject({ code: 0, stderr: '' });
  return JSON.parse(asked.stdout);
}
async function judgeOne(object: KubernetesObject, script?: string): Promise<Answer> {
  const [answer] = await judge([object], script);
  if (answer === undefined) throw new Error('no answer');
  return answer;
}

/** What kubectl-mirror would do with it: go on waiting, or end with an exit code. */
function exitCode(object: KubernetesObject): number | 'waits' {
  const experiment = readExperiment({ ...object, metadata: { finalizers: [], ...object.metadata } });
  return isComplete(experiment) ? experimentResult(experiment).exitCode : 'waits';
}

describe('how Argo CD and Flux see an experiment', () => {
  let states: State[];
  let answers: Answer[];
  beforeAll(async () => {
    states = [...(await simulatedStates()), ...everyReason()];
    answers = await judge(states.map(({ object }) => object));
  });

  test('the states are those of whole runs, with every exit code that a verdict can have', () => {
    expect(states.length).toBeGreaterThan(200);
    expect(new Set(states.map(({ object }) => exitCode(object)))).toEqual(new Set(['waits', 0, 1, 2, 3]));
    const first = states.filter(({ object }) => object.status === undefined);
    expect(first.length).toBeGreaterThan(0);
  });

  test('Argo CD and Flux wait exactly as long as kubectl-mirror, and let through exactly what exits with 0', () => {
    const ARGO = { waits: 'Progressing', 0: 'Healthy' } as const;
    // Without a status the expressions have nothing to read; Flux takes the error for "not yet".
    const FLUX = { waits: ['InProgress', 'Error'], 0: ['Current'] } as const;
    for (const [index, { what, object }] of states.entries()) {
      const code = exitCode(object);
      const label = `${what}: ${JSON.stringify(object.status)}`;
      const { argo, flux } = answers[index] ?? { argo: undefined, flux: undefined };
      expect(argo?.status, label).toBe(code === 'waits' || code === 0 ? ARGO[code] : 'Degraded');
      expect(code === 'waits' || code === 0 ? FLUX[code] : ['Failed'], label).toContain(flux?.status);
      if (flux?.status === 'Error') expect(object.status, label).toBeUndefined();
    }
  });

  test('Argo CD shows why', () => {
    const failed = states.findIndex(({ what, object }) => what === 'slower' && exitCode(object) === 1);
    expect(answers[failed]?.argo.message).toMatch(/^Latency: .*p\d+ of GET Reviews\/Get rose/);
    const refused = states.findIndex(({ what, object }) => what === 'refused' && exitCode(object) === 3);
    expect(answers[refused]?.argo).toMatchObject({
      status: 'Degraded',
      message: expect.stringMatching(/^Configuration/),
    });
    const running = states.findLastIndex(({ what, object }) => what === 'same code' && exitCode(object) === 'waits');
    expect(answers[running]?.argo).toMatchObject({ status: 'Progressing', message: expect.stringContaining(': ') });
  });

  test('a verdict of an earlier spec is not taken for that of the present one', async () => {
    const finished = [
      ['Passed', 'True', 'WithinTolerance'],
      ['Complete', 'True', 'Finished'],
    ] as const;
    const stale = await judgeOne(stateOf(finished, { generation: 2, observed: 1 }));
    expect(stale.argo.status).toBe('Progressing');
    expect(stale.flux.status).toBe('InProgress');
    const present = await judgeOne(stateOf(finished, { generation: 2 }));
    expect([present.argo.status, present.flux.status]).toEqual(['Healthy', 'Current']);
  });

  test('Argo CD tells where copies may go on after the verdict', async () => {
    const { argo } = await judgeOne(
      stateOf([
        ['Mirroring', 'Unknown', 'RestoreConflict'],
        ['Passed', 'True', 'WithinTolerance'],
        ['Complete', 'True', 'Finished'],
      ]),
    );
    expect(argo).toEqual({
      status: 'Healthy',
      message: 'WithinTolerance: Because. (RestoreConflict: Because.)',
    });
  });

  test('kstatus alone would let everything through: the page says so', async () => {
    const failed = stateOf([
      ['Passed', 'False', 'Latency'],
      ['Complete', 'True', 'Finished'],
    ]);
    expect((await judgeOne(failed)).kstatus.status).toBe('Current');
    expect(read('docs/recipes/README.md')).toMatch(
      /without\s+`healthCheckExprs` a Kustomization with a failed experiment is Ready/i,
    );
  });

  test('Flux knows every field of the Kustomizations', async () => {
    const all = parseAllDocuments(read('docs/recipes/flux/kustomization.yaml')).map((each): unknown => each.toJS());
    const check = (objects: readonly unknown[]) =>
      recipeCheck(['kustomizations'], objects.map((each) => JSON.stringify(each)).join('\n'));
    expect(all.length).toBe(2);
    expect(await check(all)).toEqual({ code: 0, stdout: '', stderr: '' });
    const spec = { ...recordAt(gate, 'spec'), healthCheckExpressions: [] };
    const wrong = await check([{ ...(isRecord(gate) && gate), spec }]);
    expect(wrong).toMatchObject({ code: 2, stderr: expect.stringContaining('unknown field "healthCheckExpressions"') });
  });

  test('what is wrong in a health check shows', async () => {
    const object = stateOf([['Passed', 'Unknown', 'Waiting']]);
    const wrong: [script: string, message: RegExp][] = [
      ['return { status = "Fine", message = "" }', /invalid health status/],
      ['return "Healthy"', /expect table output from Lua script, not string/],
      ['return { status = string.upper("healthy"), message = "" }', /attempt to index a non-table object\(nil\)/],
      ['while true do end', /context deadline exceeded/],
    ];
    for (const [script, message] of wrong) {
      expect((await judgeOne(object, script)).argo).toEqual({
        status: 'Error',
        message: expect.stringMatching(message),
      });
    }
  });
});

test('the command of the page puts the health check into the settings of Argo CD, and leaves the others', async () => {
  const { kubeconfig } = testCluster();
  const run = async (args: readonly string[]): Promise<string> => {
    const result = await kubectl(kubeconfig, args);
    expect(result).toMatchObject({ code: 0 });
    return result.stdout;
  };
  await run(['create', 'namespace', 'argocd']);
  await run(['create', 'configmap', 'argocd-cm', '-n', 'argocd', '--from-literal=other=kept']);
  const command = /^kubectl (patch configmap argocd-cm .*)$/m.exec(read('docs/recipes/README.md'))?.[1] ?? '';
  await run(command.split(' ').map((word) => (word.startsWith('docs/') ? join(ROOT, word) : word)));
  const { data } = JSON.parse(await run(['get', 'configmap', 'argocd-cm', '-n', 'argocd', '-o', 'json']));
  expect(data).toEqual({ other: 'kept', [LUA_KEY]: lua });
});
