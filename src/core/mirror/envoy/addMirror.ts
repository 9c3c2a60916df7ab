import { checkEdit } from './check.ts';
import { type Cursor, rootOf } from './cursor.ts';
import { checkIntent } from './intent.ts';
import { type ParsedFile, parseConfig } from './parse.ts';
import { planCluster } from './planCluster.ts';
import { planRoutes } from './planRoutes.ts';
import { Refusal } from './refusal.ts';
import { sha256 } from './sha256.ts';
import { applySplices, type Splice } from './splice.ts';
import { styleOf } from './style.ts';
import type { AddResult, ConfigFiles, Edit, FileEdits, MirrorIntent } from './types.ts';
import { versionSplice } from './version.ts';

/**
 * Adds the mirror to an Envoy config (v3 API; YAML or JSON): a bootstrap, or RDS, LDS, VHDS and CDS files.
 *
 * Every route to the live cluster gets a policy that copies its requests to the mirror cluster. Where methods are
 * limited, a copy of the route with a method matcher goes in front of it and has the policy, so that other methods
 * flow as before. The text around the inserted pieces stays byte for byte. Never throws for what a config contains.
 */
export function addMirror(files: ConfigFiles, intent: MirrorIntent): AddResult {
  try {
    checkIntent(intent);
    return patch(files, intent);
  } catch (error) {
    if (error instanceof Refusal) return { kind: 'refused', reason: error.reason, message: error.message };
    throw error;
  }
}

function patch(files: ConfigFiles, intent: MirrorIntent): AddResult {
  const routes = parseEnvoyConfig(files.routes);
  const apart = files.clusters !== undefined && files.clusters.key !== files.routes.key ? files.clusters : undefined;
  const clusters = apart === undefined ? undefined : parseEnvoyConfig(apart);

  const plan = planRoutes(routes, intent, styleOf(routes.file));
  refuseUnread(routes, intent);
  const { addition, warnings } = planCluster(routes, clusters, plan.sites, intent);

  const splices = new Map<ParsedFile, Splice[]>([[routes.file, plan.splices]]);
  if (addition !== undefined) {
    const file = clusters !== undefined && addition.key === clusters.file.key ? clusters.file : routes.file;
    splices.set(file, [...(splices.get(file) ?? []), addition.splice]);
  }
  const patched = [...splices].map(([file, list]) => patchFile(file, list, addition?.key === file.key, intent));
  return {
    kind: 'patched',
    files: Object.fromEntries(patched.map(({ edits, text }) => [edits.key, text])),
    edits: patched.map(({ edits }) => edits),
    routes: plan.routes,
    clusterAdded: addition !== undefined,
    warnings: [
      ...plan.warnings,
      ...warnings,
      ...drainWarning(
        plan.sites.some((site) => site.inListener),
        intent,
      ),
    ],
  };
}

function patchFile(
  file: ParsedFile,
  planned: readonly Splice[],
  clusterAdded: boolean,
  intent: MirrorIntent,
): { edits: FileEdits; text: string } {
  const version = intent.reload === 'watch' ? versionSplice(file, planned, styleOf(file)) : undefined;
  const splices = version === undefined ? planned : [...planned, version];
  const text = applySplices(file.text, splices);
  checkEdit(
    file,
    text,
    splices.map(({ change }) => change),
  );
  return {
    text,
    edits: {
      key: file.key,
      edits: toEdits(file.text, splices),
      originalSha256: sha256(file.text),
      patchedSha256: sha256(text),
      patchedLength: text.length,
      mirrorCluster: intent.mirrorCluster,
      clusterAdded,
    },
  };
}

function toEdits(text: string, splices: readonly Splice[]): Edit[] {
  let shift = 0;
  return splices
    .toSorted((a, b) => a.start - b.start)
    .map(({ start, end, text: inserted }) => {
      const edit = { offset: start + shift, removed: text.slice(start, end), inserted };
      shift += inserted.length - (end - start);
      return edit;
    });
}

function parseEnvoyConfig(file: { key: string; text: string }): Cursor {
  const root = rootOf(parseConfig(file));
  const discovery = root.each('resources');
  const typed = discovery.every((item) => (item.get('@type')?.string ?? '').includes('envoy'));
  const known = root.field('static_resources') ?? root.field('dynamic_resources') ?? root.field('resources');
  if (root.map === undefined || known === undefined || !typed) {
    throw new Refusal(
      'NotEnvoyConfig',
      `${file.key} is not an Envoy config: a bootstrap has "static_resources" or "dynamic_resources", a discovery ` +
        'file has "resources" whose elements have an "@type". Name the ConfigMap key that Envoy reads.',
    );
  }
  return root;
}

function refuseUnread(routes: Cursor, intent: MirrorIntent): void {
  if (intent.reload !== 'watch' || routes.field('resources') !== undefined) return;
  throw new Refusal(
    'ReloadNeeded',
    `${routes.file.key} is a bootstrap, which Envoy reads only when it starts. Name the workload to restart (reload), ` +
      'or move the routes to a file that Envoy watches (rds with path_config_source and watched_directory).',
  );
}

function drainWarning(inListener: boolean, intent: MirrorIntent): string[] {
  if (!inListener || intent.reload !== 'watch') return [];
  return ['the routes are part of a listener: Envoy drains the connections of a listener that changes'];
}
