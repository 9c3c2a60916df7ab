import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { type LiveLab, until } from './liveLab.ts';

export interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly verbs: readonly string[];
}

export interface Account {
  readonly kind: 'ServiceAccount';
  readonly name: string;
  readonly namespace: string;
}

/** One verb on one resource, as the API server's refusals name it. */
export interface Right {
  readonly verb: string;
  /** With its subresource, e.g. mirrorexperiments/status. */
  readonly resource: string;
}

/** The rules of a Role or ClusterRole of deploy/base. */
export async function rulesOf(file: string, name: string): Promise<readonly Rule[]> {
  const text = await readFile(join(import.meta.dirname, '..', '..', 'deploy', 'base', file), 'utf8');
  const roles: readonly { kind: string; metadata: { name: string }; rules: Rule[] }[] = parseAllDocuments(text).map(
    (each) => each.toJS(),
  );
  const role = roles.find(({ kind, metadata }) => kind.endsWith('Role') && metadata.name === name);
  if (role === undefined) throw new Error(`${file} has no role ${name}`);
  return role.rules;
}

/** Every right that the rules grant, once. */
export function rightsIn(rules: readonly Rule[]): readonly Right[] {
  const all = rules.flatMap(({ resources, verbs }) =>
    resources.flatMap((resource) => verbs.map((verb) => ({ verb, resource }))),
  );
  return all.filter((right, index) => all.findIndex((other) => textOf(other) === textOf(right)) === index);
}

/** e.g. "patch configmaps". */
export const textOf = ({ verb, resource }: Right): string => `${verb} ${resource}`;

/** The rules without one right. */
export function without(rules: readonly Rule[], { verb, resource }: Right): readonly Rule[] {
  return rules.flatMap((rule) => {
    if (!rule.resources.includes(resource)) return [rule];
    const others = { ...rule, resources: rule.resources.filter((each) => each !== resource) };
    const fewer = { ...rule, resources: [resource], verbs: rule.verbs.filter((each) => each !== verb) };
    return [others, fewer].filter(({ resources, verbs }) => resources.length > 0 && verbs.length > 0);
  });
}

/** What the API server says of a right that is missing. */
export function refusal({ verb, resource }: Right): RegExp {
  return new RegExp(`cannot ${verb} resource "${resource.replace('/', '\\/')}"`);
}

/** A Role and its binding in the lab's namespace, named after the ServiceAccount; resolves when they are in force. */
export async function grantIn(books: LiveLab, granted: readonly Rule[], subject: Account): Promise<void> {
  const rbac = { apiVersion: 'rbac.authorization.k8s.io/v1', metadata: { name: subject.name } };
  await books.add({ ...rbac, kind: 'Role', rules: granted });
  const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: subject.name };
  await books.add({ ...rbac, kind: 'RoleBinding', roleRef, subjects: [subject] });
  // The API server's authorizer follows the roles with a little delay. A right on one name is not asked for without it.
  const asked = rightsIn(granted.filter(({ resourceNames }) => resourceNames === undefined)).at(-1);
  if (asked === undefined) return;
  const as = `--as=system:serviceaccount:${subject.namespace}:${subject.name}`;
  await until('the role is in force', async () => {
    const { stdout } = await books.kubectl(['auth', 'can-i', asked.verb, asked.resource, as]);
    return stdout.trim() === 'yes';
  });
}
