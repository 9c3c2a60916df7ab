import type { TelemetryQuestion } from '../../../src/core/query/question.ts';

/** A question with the lab's versions and the default gates. */
export function question(changes: Partial<TelemetryQuestion> = {}): TelemetryQuestion {
  return {
    source: { scope: 'workspace', workspaceId: '00000000-0000-0000-0000-000000000001' },
    namespace: 'shop',
    table: 'AppRequests',
    versionProperty: 'VersionTag',
    liveVersion: 'V1MIR-BookService',
    mirrorVersion: 'V3MIR-BookService',
    methods: ['GET', 'HEAD', 'OPTIONS'],
    include: [],
    exclude: [],
    intervalSeconds: 30,
    latency: [
      { percentile: 50, maxIncreasePercent: 10, maxIncreaseMilliseconds: 20 },
      { percentile: 95, maxIncreasePercent: 10, maxIncreaseMilliseconds: 20 },
      { percentile: 99, maxIncreasePercent: 25, maxIncreaseMilliseconds: 50 },
    ],
    ...changes,
  };
}

/** Texts that try to end a literal, to hide in it or to break an encoding. */
export const HOSTILE_TEXTS = [
  '',
  ' ',
  '"',
  '\\',
  '\\"',
  '") or true or ("',
  'a"\n| take 0 //',
  "'",
  '```',
  '{x}%s$0',
  '// comment',
  '/* */',
  '\u0000',
  '\u001b[31m',
  '\u007f\u0085\u00a0',
  '\u2028\u2029',
  '\ufeffBOM',
  '\u202eRTL',
  '\ud800',
  '\udc00\ud800',
  '😀',
  'GET /livres/é/書籍',
  '\\u0022',
  '\\x22',
  '\t\r\n',
  '(other)',
  '(all)',
  '__proto__',
  'constructor',
  'x'.repeat(1000),
] as const;
