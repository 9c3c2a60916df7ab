/** What stands for container images on this node. */

export interface ContainerContext {
  /** The container's arguments, with mount paths replaced by the directories that stand for them. */
  readonly args: readonly string[];
  /** Host ports by container port. */
  readonly ports: ReadonlyMap<number, number>;
  /** The container's own directory, writable, empty at first. */
  readonly directory: string;
  /** Replaces mount paths in a text by the directories that stand for them. */
  hostPaths(text: string): string;
}

/** An image as a program of this machine. */
export interface ProgramImage {
  /** Stands for the entry point; the container's `args` follow. */
  readonly command: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Where the container has no readinessProbe: ready when this path answers 200 to 399 on its first port. */
  readonly readiness?: { readonly path: string };
  /** Changes the arguments just before each start, e.g. after writing a file with this container's ports. */
  prepare?(container: ContainerContext): Promise<readonly string[]>;
}

/** 'instant': no process; the container is ready as soon as the pod is seen. */
export type Image = ProgramImage | 'instant';

/** By reference, as in the pod; 'instant': every image but those tagged `bad` or named so. */
export type Images = Readonly<Record<string, Image>> | 'instant';

/** Undefined: there is no such image, pulling it fails. */
export function findImage(images: Images, reference: string): Image | undefined {
  if (images === 'instant') return /(^|[/:])bad$/.test(reference) ? undefined : 'instant';
  return Object.hasOwn(images, reference) ? images[reference] : undefined;
}
