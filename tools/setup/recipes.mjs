import { join } from 'node:path';
import { provide } from './cache.mjs';
import { goBuild } from './go.mjs';
import { recipesLocation } from './locations.mjs';
import { SetupError } from './problem.mjs';
import { output } from './processes.mjs';
import { step } from './progress.mjs';

/** Provides the program that the recipes of docs/recipes/ are checked with. Returns what is there, for people. */
export async function provideRecipeChecks() {
  const { variable, directory, binaries } = recipesLocation();
  if (!variable) {
    const isReady = (place) => versionsOf(join(place, 'recipes'));
    await provide(directory, 'the checks of the recipes', { isReady, fill });
  }
  const versions = await versionsOf(binaries.recipes);
  if (versions) return `${versions}${variable ? ` (${variable})` : ''}`;
  throw new SetupError(
    `RECIPES_BIN=${binaries.recipes} is not the program of tools/go/recipes.\n  Correct RECIPES_BIN, or unset it to have it built.`,
  );
}

function fill(directory) {
  return step('Building actionlint, and what Argo CD and Flux judge by', '1 min on 2 cores', () =>
    goBuild({
      module: 'recipes',
      packages: ['.'],
      directory,
      what: 'the checks of the recipes',
      instead: 'RECIPES_BIN may name the program of tools/go/recipes',
    }),
  );
}

/** Of what is built in, such as "actionlint 1.7.12, gopher-lua 1.1.2"; undefined when it does not run. */
function versionsOf(recipes) {
  return output(recipes, ['version']);
}
