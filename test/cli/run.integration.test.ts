import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, test } from 'vitest';
import { cli, ON_A_TERMINAL, type RunningCli, startCli } from '../support/cli.ts';
import { V3 } from '../support/lab.ts';
import { isPatched, type LiveLab } from '../support/liveLab.ts';
import { type OperatorStage, setOperatorStage } from '../support/operatorStage.ts';

let stage: OperatorStage;
let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'kubectl-mirror-run-'));
  stage = await setOperatorStage();
  await stage.operator();
});
afterAll(async () => {
  await stage?.stop();
  await rm(directory, { recursive: true, force: true });
});

/** `run` of the lab's experiment, given on standard input. */
function run(lab: LiveLab, change: Parameters<LiveLab['manifest']>[1], flags: readonly string[] = []): RunningCli {
  const input = JSON.stringify(lab.manifest('candidate', change));
  return startCli(['run', '-', ...flags], { kubeconfig: stage.server.kubeconfig, input });
}

async function patchedObjects(lab: LiveLab): Promise<string[]> {
  const targets = [
    ['ConfigMap', 'default-sidecar'],
    ['Deployment', 'bookinfo-spa'],
    ['Deployment', 'bookservicemirror'],
  ] as const;
  const objects = await Promise.all(
    targets.map(async ([kind, name]) => ({ name, object: await lab.read(kind, name) })),
  );
  return objects.filter(({ object }) => isPatched(object)).map(({ name }) => name);
}

describe.concurrent('kubectl-mirror run', { timeout: 150_000 }, () => {
  test('exits with 0 on a Pass; each change is a line with its time', async (context) => {
    const lab = await stage.lab(context);
    const { code, stdout, stderr } = await run(lab, { analysis: { deadlineSeconds: 100 } }, ['-o', 'json']).ended;
    context.expect({ code, stderr }).toMatchObject({ code: 0 });
    context.expect(JSON.parse(stdout)).toMatchObject({
      subject: `${lab.namespace}/candidate`,
      ...{ verdict: 'Pass', reason: 'WithinTolerance', exitCode: 0, complete: true },
    });
    const lines = stderr.trimEnd().split('\n');
    for (const line of lines) context.expect(line).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ \S/);
    context.expect(new Set(lines).size).toBe(lines.length);
    context.expect(stderr).toMatch(/Mirroring True \(Copying\)/);
    context.expect(stderr).toMatch(/Analysing: /);
    // Finished, it is kept.
    const shown = await cli(['status', 'candidate', '-n', lab.namespace], { kubeconfig: stage.server.kubeconfig });
    context.expect(shown).toMatchObject({ code: 0, stderr: '' });
    context.expect(shown.stdout).toMatch(/^Pass \(WithinTolerance\): within tolerance on 2 routes/);
    context.expect(shown.stdout).toMatch(/Complete +True +Finished/);
    context.expect(shown.stdout).toMatch(/Pass +\(all\) +p50 .* 0 % +100 %\n/);
    const report = await cli(['report', 'candidate', '-n', lab.namespace, '--out', '-'], {
      kubeconfig: stage.server.kubeconfig,
    });
    context.expect(report).toMatchObject({ code: 0, stderr: '' });
    context.expect(report.stdout).toMatch(/^<!doctype html>[\s\S]*<title>Pass: candidate<\/title>/);
    // From the operator's own record: its routes, its conditions and its queries.
    context.expect(report.stdout).toContain('GET Reviews/Get');
    context.expect(report.stdout).toContain('WithinTolerance');
    context.expect(report.stdout).toContain('AppRequests');
  });

  test('exits with 1 on a Fail, does not take its verdict for that of another run, and runs again with --replace', async (context) => {
    const lab = await stage.lab(context, { traffic: { behaviour: V3 } });
    const first = await run(lab, {}, ['-o', 'junit']).ended;
    context.expect(first).toMatchObject({ code: 1 });
    context.expect(first.stdout).toMatch(/<failure message="Latency: Fail: p\d+ of GET Reviews\/Get rose 1,1\d\d ms/);
    // The evidence leads to the same verdict, in the same words.
    const configMap = await lab.kubectl(['get', 'configmap', 'candidate-evidence', '-o', 'yaml']);
    context.expect(configMap).toMatchObject({ code: 0 });
    const file = join(directory, `${lab.namespace}.yaml`);
    await writeFile(file, configMap.stdout);
    const replayed = await cli(['judge', file, '-o', 'json']);
    context.expect(replayed).toMatchObject({ code: 1, stderr: '' });
    const { summary, verdict } = lab.history('candidate').at(-1)?.status ?? {};
    const judged = JSON.parse(replayed.stdout);
    context.expect(judged).toMatchObject({ verdict, reason: 'Latency', subject: `${lab.namespace}/candidate` });
    context.expect(`${judged.verdict}: ${judged.summary}`).toBe(summary);
    const tolerant = ['p50', 'p95'].flatMap((each) => ['--latency', `${each}=2000ms`]);
    const whatIf = await cli(['judge', file, ...tolerant]);
    context.expect(whatIf, whatIf.stdout).toMatchObject({ stderr: '' });
    context.expect([0, 2]).toContain(whatIf.code);

    const again = await run(lab, {}).ended;
    context.expect(again).toMatchObject({ code: 3, stdout: '' });
    context.expect(again.stderr).toMatch(/has finished with this very spec already \(Fail at .*--replace/);
    const uid = lab.history('candidate').at(-1)?.uid;
    const replaced = await run(lab, {}, ['--replace']).ended;
    context.expect(replaced).toMatchObject({ code: 1 });
    context.expect(lab.history('candidate').at(-1)?.uid).not.toBe(uid);
  });

  test('on a terminal shows how far it is, and Ctrl-C ends it as a person expects', async (context) => {
    const lab = await stage.lab(context);
    const before = await lab.targets();
    const file = join(directory, `${lab.namespace}.json`);
    await writeFile(
      file,
      JSON.stringify(lab.manifest('candidate', { analysis: { minDurationSeconds: 200, deadlineSeconds: 400 } })),
    );
    const started = startCli(['run', file, '--cleanup'], {
      kubeconfig: stage.server.kubeconfig,
      program: ON_A_TERMINAL,
      environment: { TERM: 'xterm-256color' },
      staysOpen: true,
    });
    await lab.until('candidate', 'is analysed', ({ status }) => (status.progress?.length ?? 0) > 0, 90);
    // Drawn over what was drawn before.
    await started.shown(/\[\d+A.\[J[^\n]*candidate +Analysing +\d+m\d\ds until the deadline/);
    await started.shown(/requests: live [\d,]+, candidate [\d,]+ \(100 % of the copies seen\)/);
    await started.shown(/towards fail +towards pass[\s\S]*p50 .*[█░]{10} \d+ %/);
    started.child.stdin?.write('\u0003');
    const { code, stdout } = await started.ended;
    started.child.stdin?.end();
    context.expect({ code, stdout }).toMatchObject({ code: 130 });
    context.expect(stdout).toMatch(/is gone: no request is copied any more/);
    context.expect(await lab.targets()).toEqual(before);
  });

  test('wait exits with 2 when the deadline comes first', async (context) => {
    const lab = await stage.lab(context, { traffic: { requestsPerSecond: 4 } });
    await lab.create('candidate', { analysis: { minRequests: 1000, deadlineSeconds: 35 } });
    const result = await cli(['wait', 'candidate', '-n', lab.namespace], { kubeconfig: stage.server.kubeconfig });
    context.expect(result).toMatchObject({ code: 2 });
    context.expect(result.stdout).toMatch(/^Inconclusive \(NotEnoughEvidence\): /);
  });

  test('exits with 3 when the experiment is refused', async (context) => {
    const lab = await stage.lab(context);
    const result = await run(lab, { envoy: { liveCluster: 'nobody' } }).ended;
    context.expect(result).toMatchObject({ code: 3 });
    context.expect(result.stdout).toMatch(/^Inconclusive \(ConfigurationError\): .*nobody/);
    context.expect(result.stderr).toMatch(/Accepted False \(RouteNotFound\)/);
  });

  test('exits with 4 at its timeout; with --cleanup nothing is left patched', async (context) => {
    const lab = await stage.lab(context);
    const before = await lab.targets();
    const started = run(lab, {}, ['--cleanup', '--timeout', '25s']);
    await lab.until('candidate', 'copies', ({ status }) => status.mirroringSince !== undefined);
    context.expect(await patchedObjects(lab)).not.toEqual([]);
    const result = await started.ended;
    context.expect(result).toMatchObject({ code: 4, stdout: '' });
    context.expect(result.stderr).toMatch(/candidate is gone: no request is copied any more/);
    context.expect(await lab.targets()).toEqual(before);
    context.expect(await lab.kubectl(['get', 'mexp', 'candidate'])).toMatchObject({ code: 1 });
  });

  test.for(['SIGINT', 'SIGTERM'] as const)(
    'exits with 130 at %s; with --cleanup nothing is left patched',
    async (signal, context) => {
      const lab = await stage.lab(context);
      const before = await lab.targets();
      const started = run(lab, {}, ['--cleanup']);
      await lab.until('candidate', 'copies', ({ status }) => status.mirroringSince !== undefined);
      context.expect(await patchedObjects(lab)).toContain('default-sidecar');
      started.child.kill(signal);
      const result = await started.ended;
      context.expect(result).toMatchObject({ code: 130, stdout: '' });
      context.expect(await lab.targets()).toEqual(before);
      context.expect(await lab.kubectl(['get', 'mexp', 'candidate'])).toMatchObject({ code: 1 });
    },
  );

  test('without --cleanup the experiment goes on, and it is said how to end it', async (context) => {
    const lab = await stage.lab(context);
    const started = run(lab, {});
    await lab.until('candidate', 'copies', ({ status }) => status.mirroringSince !== undefined);
    started.child.kill('SIGINT');
    const { code, stderr } = await started.ended;
    context.expect({ code, stderr }).toMatchObject({ code: 130 });
    context.expect(stderr).toContain(`To end it: kubectl delete mexp candidate -n ${lab.namespace}`);
    context.expect(await patchedObjects(lab)).toContain('default-sidecar');
    // What goes on is joined, and not ended by who joined it.
    const joined = run(lab, {}, ['--cleanup']);
    await joined.told(/is applied already; following the run that goes on/);
    joined.child.kill('SIGINT');
    context.expect(await joined.ended).toMatchObject({ code: 130 });
    context.expect(await patchedObjects(lab)).toContain('default-sidecar');
    await lab.delete('candidate');
    await lab.gone('candidate');
  });
});
