import { posix } from 'node:path';
import { type Import, type Module, scanModule } from './scanModule.ts';

/** Lowest first: a file imports its own layer and lower ones. Files directly in src/ are composition, as is the CLI. */
const layers = ['api', 'core', 'engine', 'adapters', 'composition'];
const pureLayers = ['api', 'core'];
const pureLayerPackages = ['yaml'];
/** Packages that one folder wraps for all others. */
const wrappedPackages = [
  { packages: /^@dot-i\/k8s-operator$/, folder: 'src/adapters/kubernetes/' },
  { packages: /^@azure\//, folder: 'src/adapters/telemetry/' },
  { packages: /^(winston$|@prometheus-io\/|@opentelemetry\/)/, folder: 'src/adapters/observability/' },
];

/**
 * What breaks the architecture in `sources` (path below the repository, such as src/core/a.ts, to text), one message each.
 * `dependencies` are the packages that may be imported at all.
 */
export function violations(sources: ReadonlyMap<string, string>, dependencies: ReadonlySet<string>): string[] {
  const modules = new Map([...sources].map(([path, source]) => [path, scanModule(source)]));
  return [
    ...[...modules].flatMap(([path, module]) => fileViolations(path, module, dependencies)),
    ...cycles(modules).map((cycle) => `${cycle.join(' -> ')}: an import cycle`),
  ];
}

function fileViolations(path: string, module: Module, dependencies: ReadonlySet<string>): string[] {
  const layer = layerOf(path);
  if (!layers.includes(layer)) return [`${path}: src/${layer}/ is no layer; the layers are ${layers.join(', ')}`];
  const found = module.imports.map((each) => {
    const reason = importViolation(path, layer, each, dependencies);
    return reason && `${path}:${each.line}: ${reason}`;
  });
  if (pureLayers.includes(layer)) {
    found.push(...module.ambient.map(({ name, line }) => `${path}:${line}: src/${layer} is pure, but uses ${name}`));
  }
  return found.filter((message) => message !== undefined);
}

function importViolation(
  path: string,
  layer: string,
  { specifier }: Import,
  dependencies: ReadonlySet<string>,
): string | undefined {
  if (specifier === undefined) return 'imports a computed name, which cannot be checked';
  const target = targetOf(path, specifier);
  if (target !== undefined) {
    if (!target.startsWith('src/')) return `imports ${target}, which is outside src/ and not shipped`;
    const targetLayer = layerOf(target);
    return layers.indexOf(targetLayer) > layers.indexOf(layer)
      ? `${layer} must not import ${targetLayer} (${target})`
      : undefined;
  }
  const isBuiltIn = specifier.startsWith('node:');
  const name = packageOf(specifier);
  if (pureLayers.includes(layer) && !pureLayerPackages.includes(name)) {
    return `src/${layer} is pure, but imports ${specifier}`;
  }
  if (!isBuiltIn && !dependencies.has(name)) return `imports ${name}, which is not in dependencies`;
  const wrapped = wrappedPackages.find(({ packages, folder }) => packages.test(name) && !path.startsWith(folder));
  return wrapped && `only ${wrapped.folder} imports ${name}`;
}

/** Each import cycle once, as the paths from its first file back to it. */
function cycles(modules: ReadonlyMap<string, Module>): string[][] {
  const found: string[][] = [];
  const done = new Set<string>();
  const visit = (path: string, trail: string[]): void => {
    const start = trail.indexOf(path);
    if (start >= 0) found.push([...trail.slice(start), path]);
    if (start >= 0 || done.has(path)) return;
    for (const { specifier } of modules.get(path)?.imports ?? []) {
      const target = specifier === undefined ? undefined : targetOf(path, specifier);
      if (target !== undefined) visit(target, [...trail, path]);
    }
    done.add(path);
  };
  for (const path of modules.keys()) visit(path, []);
  return found;
}

function layerOf(path: string): string {
  const [, folder = '', ...rest] = path.split('/');
  return rest.length === 0 || folder === 'cli' ? 'composition' : folder;
}

/** Path of a relative import's file; undefined for a package. */
function targetOf(path: string, specifier: string): string | undefined {
  return /^\.{0,2}\//.test(specifier) ? posix.join(posix.dirname(path), specifier) : undefined;
}

/** "@azure/identity" for "@azure/identity/sub". */
function packageOf(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}
