import {
  type Document,
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  LineCounter,
  type ParsedNode,
  parseDocument,
  visit,
  type YAMLError,
} from 'yaml';
import { Refusal } from './refusal.ts';
import { MAX_DEPTH, shapeProblem } from './shape.ts';
import type { ConfigFile } from './types.ts';

/** A config that can be edited: parsed without a complaint, and free of what hides one text behind another. */
export interface ParsedFile {
  key: string;
  text: string;
  document: Document.Parsed<ParsedNode>;
  /** 1-based line of an offset in the text. */
  lineAt(offset: number): number;
}

/** Parses YAML or JSON; throws a Refusal that names the line when the text cannot be edited safely. */
export function parseConfig(file: ConfigFile): ParsedFile {
  refuseTemplates(file);
  const lines = new LineCounter();
  const document = parseText(file, lines);
  const lineAt = (offset: number): number => lines.linePos(offset).line;
  for (const problem of [...document.errors, ...document.warnings]) {
    throw parserRefusal(file, problem, lineAt(problem.pos[0]));
  }
  refuseShape(file, document, lineAt);
  const parsed: ParsedFile = { key: file.key, text: file.text, document, lineAt };
  refuseAliases(parsed);
  refuseOldApi(parsed);
  return parsed;
}

// What comes out of a template engine is not what stands in the text, even where the text parses as YAML.
const TEMPLATE_MARKERS = [/\{\{/, /\$\{/, /<%/];

function refuseTemplates({ key, text }: ConfigFile): void {
  const lines = text.split('\n');
  for (const [index, line] of lines.entries()) {
    const found = TEMPLATE_MARKERS.map((marker) => marker.exec(line)?.[0]).find((marker) => marker !== undefined);
    if (found !== undefined) {
      throw new Refusal(
        'ConfigTemplated',
        `${key}, line ${index + 1}: "${found}" is a template marker, so Envoy reads another text than this one. ` +
          'Name the ConfigMap key that holds the rendered config.',
      );
    }
  }
}

function parseText(file: ConfigFile, lines: LineCounter): Document.Parsed<ParsedNode> {
  try {
    return parseDocument(file.text, {
      keepSourceTokens: true,
      lineCounter: lines,
      merge: false,
      prettyErrors: false,
      // See shapeProblem.
      uniqueKeys: false,
    });
  } catch (error) {
    throw new Refusal('ConfigNotParsable', `${file.key} cannot be parsed: ${String(error)}. Correct the config first.`);
  }
}

function parserRefusal({ key }: ConfigFile, problem: YAMLError, line: number): Refusal {
  const where = `${key}, line ${line}`;
  if (problem.code === 'MULTIPLE_DOCS') {
    return new Refusal(
      'MultiDocument',
      `${where}: a second YAML document begins, and Envoy reads only the first. Remove the others.`,
    );
  }
  return new Refusal('ConfigNotParsable', `${where}: ${problem.message.trim()}. Correct the config first.`);
}

function refuseShape({ key }: ConfigFile, document: Document.Parsed, lineAt: (offset: number) => number): void {
  const problem = shapeProblem(document.contents, true);
  if (problem === undefined) return;
  const where = `${key}, line ${lineAt(problem.offset)}`;
  if (problem.what === 'duplicate key') {
    throw new Refusal(
      'DuplicateKeys',
      `${where}: a key is there twice in one map, and it is not defined which one counts. Remove one of them.`,
    );
  }
  throw new Refusal(
    'ConfigNotParsable',
    `${where}: values are nested in more than ${MAX_DEPTH} levels, which Envoy does not read. Correct the config first.`,
  );
}

function refuseAliases(file: ParsedFile): void {
  const refuse = (offset: number, what: string): never => {
    throw new Refusal(
      'ConfigAliases',
      `${file.key}, line ${file.lineAt(offset)}: ${what} shares one text between several places, ` +
        'so that an edit of one would change the others. Write the values out.',
    );
  };
  visit(file.document, {
    Node(_key, node) {
      if (isAlias(node)) refuse(node.range?.[0] ?? 0, `the alias *${node.source}`);
      else if (node.anchor !== undefined) refuse(node.range?.[0] ?? 0, `the anchor &${node.anchor}`);
    },
    Pair(_key, pair) {
      if (isScalar(pair.key) && pair.key.value === '<<') refuse(pair.key.range?.[0] ?? 0, 'the merge key <<');
    },
  });
}

const OLD_TYPE = /envoy\.api\.v2|envoy\.config\.filter\.|\.v[12](alpha\d*)?\./;

/** The v2 API was removed in Envoy 1.18; v1 in 1.9. */
function refuseOldApi(file: ParsedFile): void {
  const refuse = (offset: number, what: string, instead: string): never => {
    throw new Refusal(
      'ConfigV2Api',
      `${file.key}, line ${file.lineAt(offset)}: ${what} belongs to Envoy's v1 or v2 API; ${instead}. ` +
        'Migrate the config to the v3 API.',
    );
  };
  visit(file.document, {
    Pair(_key, pair, path) {
      if (!isScalar(pair.key) || typeof pair.key.value !== 'string') return;
      const offset = pair.key.range?.[0] ?? 0;
      const key = pair.key.value;
      const value = isScalar(pair.value) ? pair.value.value : undefined;
      if ((key === '@type' || key === 'type_url') && typeof value === 'string' && OLD_TYPE.test(value)) {
        refuse(offset, `the type ${value}`, 'v3 types are named envoy.….v3.…');
      }
      if (key === 'config' && isMap(pair.value) && isFilter(path.at(-1))) {
        refuse(offset, 'a filter with "config"', 'v3 has "typed_config" with an @type');
      }
      if (key === 'hosts' && isSeq(pair.value) && isCluster(path.at(-1))) {
        refuse(offset, 'a cluster with "hosts"', 'v3 has "load_assignment"');
      }
      if (key === 'cluster_manager' && path.length === 2) {
        refuse(offset, '"cluster_manager"', 'v3 has "static_resources"');
      }
    },
  });

  function isFilter(node: unknown): boolean {
    return isMap(node) && node.has('name') && !node.has('typed_config') && !node.has('typedConfig');
  }

  function isCluster(node: unknown): boolean {
    return isMap(node) && (node.has('connect_timeout') || node.has('lb_policy') || node.has('connect_timeout_ms'));
  }
}

/** Plain data of a parsed file, for comparisons. */
export function toPlain(file: ParsedFile): unknown {
  return isNode(file.document.contents) ? file.document.toJS() : undefined;
}
