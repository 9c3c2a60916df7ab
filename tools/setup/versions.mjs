/** What set-up provides. tools/go pins the same versions for a build from source. */
export const kubernetesVersion = '1.36.3';
export const etcdVersion = '3.7.3';
export const helmVersion = '4.2.4';
export const envoyVersion = '1.40.0';
export const nodeMajor = 24;
