import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';

const FOLDER = join(import.meta.dirname, '..', '..', 'deploy', 'monitoring');

export interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly for?: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

export interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly description?: string;
  readonly gridPos: { readonly h: number; readonly w: number; readonly x: number; readonly y: number };
  readonly fieldConfig?: { readonly defaults: { readonly unit?: string } };
  readonly targets?: readonly { readonly expr: string; readonly legendFormat: string }[];
}

/** The groups of rules of deploy/monitoring, as Prometheus takes them. */
export function alertGroups(): { readonly groups: readonly { readonly rules: readonly Rule[] }[] } {
  const rule: { spec: ReturnType<typeof alertGroups> } = parse(readFileSync(join(FOLDER, 'alerts.yaml'), 'utf8'));
  return rule.spec;
}

export function alerts(): Rule[] {
  return alertGroups().groups.flatMap(({ rules }) => rules);
}

export function panels(): Panel[] {
  const dashboard: { panels: Panel[] } = JSON.parse(readFileSync(join(FOLDER, 'dashboard.json'), 'utf8'));
  return dashboard.panels;
}

/** Every query of the dashboard, with Grafana's variable filled in, by the title of its panel. */
export function dashboardQueries(): { readonly name: string; readonly expr: string }[] {
  return panels().flatMap(({ title, targets = [] }) =>
    targets.map(({ expr, legendFormat }) => ({
      name: `${title}: ${legendFormat}`,
      expr: expr.replaceAll('$__rate_interval', '1m'),
    })),
  );
}
