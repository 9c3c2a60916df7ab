import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';

const root = join(import.meta.dirname, '..');

/** What of the repository names a version. */
export interface Versions {
  /** Of package.json. */
  readonly package: string;
  /** Of the image in deploy/. */
  readonly image: string;
  /** Default of VERSION in the Dockerfile. */
  readonly dockerfile: string;
  /** Of the Helm chart, and of the operator that it installs. */
  readonly chart: string;
  readonly chartApp: string;
}

/**
 * What the changelog says of the version that a tag releases.
 * @throws Error when the tag is no version, something names another version, or the changelog has nothing of it
 */
export function releaseNotes(tag: string, changelog: string, versions: Versions): string {
  const version = /^v(\d+\.\d+\.\d+)$/.exec(tag)?.[1];
  if (version === undefined) throw new Error(`the tag ${tag} is no version such as v1.2.3`);
  const others = Object.entries(versions).filter(([, each]) => each !== version);
  if (others.length > 0) {
    const list = others.map(([what, each]) => `${what} ${each}`).join(', ');
    throw new Error(`the tag ${tag} releases ${version}, but there are other versions: ${list}`);
  }
  const sections = changelog.split(/^## /m).slice(1);
  const section = sections.find((each) => each.startsWith(`[${version}]`));
  if (section === undefined) throw new Error(`CHANGELOG.md has no section ## [${version}] - YYYY-MM-DD`);
  const [head = '', ...lines] = section.split('\n');
  if (!/^\[[\d.]+\] - \d{4}-\d\d-\d\d$/.test(head)) throw new Error(`CHANGELOG.md: "## ${head}" has no date`);
  const notes = lines.join('\n').trim();
  if (notes === '') throw new Error(`CHANGELOG.md says nothing of ${version}`);
  return `${notes}\n`;
}

export function versionsOf(directory = root): Versions {
  const read = (path: string) => readFileSync(join(directory, path), 'utf8');
  const chart = parse(read('charts/mirror-experiment/Chart.yaml'));
  return {
    package: String(JSON.parse(read('package.json')).version),
    image: String(parse(read('deploy/base/kustomization.yaml')).images?.[0]?.newTag),
    dockerfile: /^ARG VERSION=(.*)$/m.exec(read('Dockerfile'))?.[1] ?? 'none',
    chart: String(chart.version),
    chartApp: String(chart.appVersion),
  };
}

if (import.meta.main) {
  const [tag = ''] = process.argv.slice(2);
  try {
    process.stdout.write(releaseNotes(tag, readFileSync(join(root, 'CHANGELOG.md'), 'utf8'), versionsOf()));
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  }
}
