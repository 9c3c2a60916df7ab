import { accessSync, constants } from 'node:fs';
import {
  chromiumLocation,
  envoyLocation,
  helmLocation,
  kubernetesLocation,
  recipesLocation,
} from './setup/locations.mjs';

export interface Binaries {
  etcd: string;
  kubeApiserver: string;
  kubectl: string;
  envoy: string;
}

/**
 * Paths of the real programs that tests and the demo run: those of KUBEBUILDER_ASSETS and ENVOY_BIN where set, else those
 * that `npm run setup` put in the cache. Throws when one of them cannot be executed.
 */
export function binaries(env: Readonly<Record<string, string | undefined>> = process.env): Binaries {
  const kubernetes = kubernetesLocation(env);
  const envoy = envoyLocation(env);
  for (const { variable, binaries } of [kubernetes, envoy]) {
    for (const path of Object.values(binaries)) requireExecutable(path, variable);
  }
  return { ...kubernetes.binaries, ...envoy.binaries };
}

/** Path of the Chromium that the report is checked in: CHROMIUM_BIN, else that of the cache. Throws as `binaries` does. */
export function chromiumBinary(env: Readonly<Record<string, string | undefined>> = process.env): string {
  const { variable, binaries } = chromiumLocation(env);
  requireExecutable(binaries.chromium, variable);
  return binaries.chromium;
}

/** Path of the Helm that renders the chart: HELM_BIN, else that of the cache. Throws as `binaries` does. */
export function helmBinary(env: Readonly<Record<string, string | undefined>> = process.env): string {
  const { variable, binaries } = helmLocation(env);
  requireExecutable(binaries.helm, variable);
  return binaries.helm;
}

/** Path of the program that the recipes are checked with: RECIPES_BIN, else that of the cache. Throws as `binaries` does. */
export function recipesBinary(env: Readonly<Record<string, string | undefined>> = process.env): string {
  const { variable, binaries } = recipesLocation(env);
  requireExecutable(binaries.recipes, variable);
  return binaries.recipes;
}

function requireExecutable(path: string, variable: string | undefined): void {
  try {
    accessSync(path, constants.X_OK);
  } catch (cause) {
    const remedy = variable ? `correct ${variable}, or unset it and run npm run setup` : 'run npm run setup';
    throw new Error(`${path} is not an executable file: ${remedy}`, { cause });
  }
}
