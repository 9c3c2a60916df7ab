export { type KubectlResult, kubectl } from '../../tools/kubectl.ts';
