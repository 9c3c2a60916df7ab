import { describe, expect, it } from 'vitest';
import { allowSource } from '../../../../src/adapters/telemetry/logAnalytics/allowSource.ts';
import { TelemetryError } from '../../../../src/engine/ports/telemetry.ts';

const WORKSPACE = '6f1b7c7e-93b5-4b0e-8c53-1f4f8a0f2c11';
const RESOURCE = '/subscriptions/s/resourceGroups/g/providers/microsoft.insights/components/c';
const workspace = { namespace: 'shop', source: { scope: 'workspace', workspaceId: WORKSPACE } } as const;
const resource = { namespace: 'shop', source: { scope: 'resource', resourceId: RESOURCE } } as const;

describe('allowSource', () => {
  it.each([
    [{ '*': ['*'] }],
    [{ shop: ['*'] }],
    [{ '*': [WORKSPACE, RESOURCE] }],
    [{ '*': [], shop: [WORKSPACE.toUpperCase(), RESOURCE.toUpperCase().slice(1)] }],
    [{ '*': [WORKSPACE], shop: [`${RESOURCE}/`] }],
  ])('lets %j read both', (allowed) => {
    expect(() => allowSource(allowed, workspace)).not.toThrow();
    expect(() => allowSource(allowed, resource)).not.toThrow();
  });

  it.each([
    [{}],
    [{ '*': [] }],
    [{ other: ['*'] }],
    [{ shop: ['6f1b7c7e'] }],
    [{ shop: [`${WORKSPACE}1`, `${RESOURCE}2`] }],
    [{ Shop: ['*'] }],
  ])('refuses both under %j, naming the setting, the namespace and the source', (allowed) => {
    for (const [asked, id] of [[workspace, WORKSPACE] as const, [resource, RESOURCE] as const]) {
      const refused = (): void => allowSource(allowed, asked);
      expect(refused).toThrow(TelemetryError);
      expect(refused).toThrow(expect.objectContaining({ kind: 'Configuration' }));
      expect(refused).toThrow(new RegExp(`shop .*${id.replaceAll('/', '.')}.*ALLOWED_SOURCES`));
    }
  });

  it('does not take an inherited property for a namespace', () => {
    expect(() => allowSource({}, { ...workspace, namespace: 'constructor' })).toThrow(TelemetryError);
  });
});
