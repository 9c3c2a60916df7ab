import { describe, expect, it } from 'vitest';
import { readSettings, SettingsError, settingsHelp } from '../src/settings.ts';

describe('settings', () => {
  it('have defaults', () => {
    expect(readSettings([], {})).toEqual({
      namespace: undefined,
      logLevel: 'info',
      healthAddress: '0.0.0.0',
      healthPort: 8080,
      logAnalyticsEndpoint: 'https://api.loganalytics.azure.com/v1',
      logAnalyticsScope: 'https://api.loganalytics.io/.default',
      allowedSources: { '*': ['*'] },
      clusterDomain: 'cluster.local',
      concurrency: 8,
      missingTargetGraceSeconds: 60,
      shutdownGraceSeconds: 20,
      leaderElection: true,
      leaseName: 'mirror-experiment',
      metricsAddress: '0.0.0.0',
      metricsPort: 8081,
      leaseNamespace: undefined,
      leaseSeconds: 15,
      renewDeadlineSeconds: 10,
      retrySeconds: 2,
      telemetryTimeoutSeconds: 120,
      deadMansSwitchSeconds: 300,
    });
  });

  it('take a flag before the environment, and the environment before the default', () => {
    const environment = { LOG_LEVEL: 'warn', HEALTH_PORT: '9000' };
    const settings = readSettings(['--log-level', 'debug'], environment);
    expect(settings).toMatchObject({ logLevel: 'debug', healthPort: 9000, concurrency: 8 });
  });

  it('cannot be changed', () => {
    expect(Object.isFrozen(readSettings([], {}))).toBe(true);
  });

  it.each([
    [
      'a port that is none',
      { HEALTH_PORT: '70000' },
      'HEALTH_PORT must be a whole number from 0 to 65535, not "70000"',
    ],
    [
      'one port for two servers',
      { HEALTH_PORT: '8081' },
      'METRICS_PORT must be another port than HEALTH_PORT, not 8081 too',
    ],
    ['an empty number', { CONCURRENCY: '' }, 'CONCURRENCY must be a whole number from 1 to 256, not ""'],
    ['an unknown level', { LOG_LEVEL: 'loud' }, 'LOG_LEVEL must be debug, info, warn or error, not "loud"'],
    [
      'an endpoint in the clear',
      { LOG_ANALYTICS_ENDPOINT: 'http://x/v1' },
      'must be an https address that ends in /v1',
    ],
    [
      'an endpoint without its version',
      { LOG_ANALYTICS_ENDPOINT: 'https://x' },
      'must be an https address that ends in /v1',
    ],
    ['sources that are no JSON', { ALLOWED_SOURCES: '{' }, 'ALLOWED_SOURCES must be a JSON object'],
    ['sources that are no lists', { ALLOWED_SOURCES: '{"*": "all"}' }, 'ALLOWED_SOURCES must be a JSON object'],
    ['an election that is half on', { LEADER_ELECTION: 'on' }, 'LEADER_ELECTION must be true or false, not "on"'],
    ['a Lease that cannot be named so', { LEASE_NAME: 'My_Lease' }, 'LEASE_NAME must be a name of lower-case letters'],
    [
      'a retry without end',
      { RETRY_SECONDS: 'Infinity' },
      'RETRY_SECONDS must be a number of seconds from 0.1 to 3600',
    ],
    [
      'a leader that would write after its lease',
      { LEASE_SECONDS: '10' },
      'LEASE_SECONDS must be more than RENEW_DEADLINE_SECONDS, and that more than RETRY_SECONDS, not 10, 10 and 2',
    ],
    ['no time for a second try', { RETRY_SECONDS: '10' }, 'not 15, 10 and 10'],
  ])('refuse %s and say what they may be', (_, environment, message) => {
    expect(() => readSettings([], environment)).toThrow(SettingsError);
    expect(() => readSettings([], environment)).toThrow(message);
  });

  it('refuse an unknown flag and name the help', () => {
    expect(() => readSettings(['--nonsense', 'x'], {})).toThrow(/nonsense.*--help/s);
  });

  it('are all in the help', () => {
    expect(settingsHelp().split('\n')).toHaveLength(21);
    expect(settingsHelp()).toContain('--allowed-sources');
  });
});
