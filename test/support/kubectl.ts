export { type KubectlOptions, type KubectlResult, kubectl } from '../../tools/kubectl.ts';
