/** Names that the operator writes to the cluster, or looks for there. They are API: changing one breaks objects that carry it. */
export const group = 'mirroring.dev';
export const version = 'v1alpha1';
export const apiVersion = `${group}/${version}`;
export const kind = 'MirrorExperiment';
export const plural = 'mirrorexperiments';

/** Keeps an experiment until everything that its run patched is restored. */
export const finalizer = `${group}/restore`;

/** On a patched object: what was there before. Written in the same write as the patch. */
export const journalAnnotation = `${group}/journal`;
/** On a pod template: hash of the configuration that its pods must have started with. A new value restarts them. */
export const configHashAnnotation = `${group}/config-hash`;

/** Request header that Envoy sets on copies, with the experiment's name; in a configuration, the mark of our mirror policies. */
export const copyHeader = 'x-mirror-experiment';

/** What managedFields call our writes, and Events their source: the owner of a field is recognised by it. */
export const fieldManager = 'mirror-experiment';

/** On the ConfigMap with the evidence of a finished experiment: the experiment's name. */
export const experimentLabel = `${group}/experiment`;
