import { registerHooks } from 'node:module';
import { setFlagsFromString } from 'node:v8';

/**
 * What makes the process small. To be called before anything else is imported.
 *
 * - The young generation stays at a few MB, the old one is cleared when it has grown by a fifth, and pages that have become
 *   empty are given back: V8 lets them grow to 64 MB and to four times what is in use, and keeps that. It costs a little
 *   processor time.
 * - Of V8's compilers only the one between (Maglev) is used. The thorough one (TurboFan) is 5 MB of the runtime's program; the
 *   simple one (Sparkplug) makes 3 MB of code, most of it for what is run a few times. What an operator does is short, or goes
 *   on in TLS and JSON; a verdict takes half as long again.
 * - Of the Kubernetes client only the kubeconfig is loaded: its generated API, 1,000 files and 25 MB in memory, is used by
 *   nobody here. It is left out by the text of the files that import it; should a later version of the client be built
 *   differently, everything is loaded again. Of its two ways to log in with an account of one's own (OpenID Connect, Google)
 *   the libraries are loaded when somebody does; a pod does not.
 * - Of the operator library its HTTP client is left out: what it would write is written by ours.
 */
export function keepFootprintSmall(): void {
  // As in the image. Where nothing is said of it, it stays at 1 MB, which costs more processor time.
  const isBounded = /--max[-_]semi[-_]space[-_]size/.test(`${process.env.NODE_OPTIONS} ${process.execArgv}`);
  if (!isBounded) setFlagsFromString('--semi-space-growth-factor=1');
  setFlagsFromString('--heap-growing-percent=20');
  setFlagsFromString('--memory-saver-mode');
  setFlagsFromString('--no-turbofan');
  setFlagsFromString('--no-sparkplug');
  registerHooks({
    load: (url, context, nextLoad) => {
      const path = Object.keys(SHORT).find((each) => url.endsWith(each));
      const source = path === undefined ? undefined : SHORT[path];
      if (source === undefined) return nextLoad(url, context);
      const format = path === GAXIOS ? 'commonjs' : 'module';
      return { format, shortCircuit: true, source };
    },
  });
}

const CLIENT = '/node_modules/@kubernetes/client-node/dist';

const GAXIOS = '/node_modules/gaxios/build/src/index.js';

const SHORT: Readonly<Record<string, string>> = {
  [`${CLIENT}/index.js`]: `
    import './polyfill.js';
    export { KubeConfig } from './config.js';
    // The base class of operators makes one in its constructor, and our operator needs none.
    export class CoreV1Api {}`,
  [`${CLIENT}/gen/index.js`]: `
    export { createConfiguration } from './configuration.js';
    export * from './servers.js';`,
  // For the generated API and for proxies of it; our requests go through node:https.
  '/node_modules/undici/index.js': `
    export class Agent {}
    export class ProxyAgent {}
    export const fetch = undefined;`,
  // The operator library's way to write, which ours replaces.
  [GAXIOS]: `
    exports.instance = {
      request() {
        throw new Error('gaxios is left out: every write goes through ApiClient');
      },
    };`,
  [`${CLIENT}/oidc_auth.js`]: whenUsed('OpenIDConnectAuth', 'oidc'),
  [`${CLIENT}/gcp_auth.js`]: whenUsed('GoogleCloudPlatformAuth', 'gcp'),
};

/** The class in a module that is loaded when somebody logs in with it. */
function whenUsed(name: string, provider: string): string {
  return `
    export class ${name} {
      isAuthProvider(user) {
        return user?.authProvider?.name === '${provider}';
      }
      async applyAuthentication(user, options) {
        const whole = await import(import.meta.url + '?whole');
        this.whole ??= new whole.${name}();
        await this.whole.applyAuthentication(user, options);
      }
    }`;
}
