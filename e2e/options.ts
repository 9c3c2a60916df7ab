import { parseArgs } from 'node:util';

export interface EndToEndOptions {
  readonly operatorImage: string;
  /** Without a tag: the tags v1 to v4 are the versions of the bookservice. */
  readonly labImage: string;
  readonly envoyImage: string;
  /** Of the kubeconfig; undefined: its current one. */
  readonly context: string | undefined;
  /** Of each poller; there are two. */
  readonly requestsPerSecond: number;
  /** Leave the lab's namespaces when the run has ended, and the operator too when it failed. */
  readonly keep: boolean;
  /** How long one experiment may take, from apply to verdict. */
  readonly deadlineSeconds: number;
  readonly help: boolean;
}

export const USAGE = `npm run e2e -- [OPTION...]: installs the operator in the cluster of KUBECONFIG, runs the lab there and removes both
  --operator-image IMAGE       default mirror-experiment:e2e
  --lab-image NAME             with the tags v1 to v4; default mirror-experiment-lab
  --envoy-image IMAGE          default envoyproxy/envoy:v1.40.0
  --context NAME               context of the kubeconfig; default: its current one
  --requests-per-second N      live traffic in each of the two shops; default 30
  --deadline-seconds N         of the experiments; default 600
  --keep                       leave the lab in the cluster, and the operator too when something went wrong`;

/** Throws an Error whose message says what is wrong. */
export function parseOptions(args: readonly string[]): EndToEndOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      'operator-image': { type: 'string', default: 'mirror-experiment:e2e' },
      'lab-image': { type: 'string', default: 'mirror-experiment-lab' },
      'envoy-image': { type: 'string', default: 'envoyproxy/envoy:v1.40.0' },
      context: { type: 'string' },
      'requests-per-second': { type: 'string', default: '30' },
      'deadline-seconds': { type: 'string', default: '600' },
      keep: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
    strict: true,
  });
  if (tagOf(values['lab-image']) !== undefined) {
    throw new Error(`--lab-image takes a name without a tag, not ${values['lab-image']}: the tags are v1 to v4`);
  }
  return {
    operatorImage: values['operator-image'],
    labImage: values['lab-image'],
    envoyImage: values['envoy-image'],
    context: values.context,
    requestsPerSecond: wholeNumber('requests-per-second', values['requests-per-second']),
    deadlineSeconds: wholeNumber('deadline-seconds', values['deadline-seconds']),
    keep: values.keep,
    help: values.help,
  };
}

/** Name and tag of an image, as kustomize wants them; a digest is left in the name. */
export function splitImage(image: string): { readonly name: string; readonly tag: string | undefined } {
  const tag = tagOf(image);
  return { name: tag === undefined ? image : image.slice(0, -tag.length - 1), tag };
}

function tagOf(image: string): string | undefined {
  return /:([\w][\w.-]{0,127})$/.exec(image.includes('@') ? '' : image)?.[1];
}

function wholeNumber(option: string, value: string): number {
  if (!/^[1-9]\d{0,5}$/.test(value)) throw new Error(`--${option} must be a whole number above 0, not '${value}'`);
  return Number(value);
}
