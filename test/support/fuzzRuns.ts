/**
 * Cases of every fuzz test. A few with the unit tests; 10,000 and more in the project of their own
 * (`vitest run --project fuzz`), where FUZZ_RUNS sets another number.
 */
export const FUZZ_RUNS = Number(process.env.FUZZ_RUNS ?? 200);
