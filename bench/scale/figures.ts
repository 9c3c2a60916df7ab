import { readFileSync } from 'node:fs';

export interface ProcessSample {
  readonly rssMegabytes: number;
  readonly cpuSeconds: number;
}

/** Of /proc. */
export function sampleProcess(pid: number): ProcessSample {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return {
    rssMegabytes: Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) / 1024,
    // utime and stime in clock ticks, of which Linux has 100 a second for user space.
    cpuSeconds: (Number(fields[11]) + Number(fields[12])) / 100,
  };
}

/** By the nearest rank; NaN of nothing. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}

export function mean(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0) / values.length;
}

/** A line of the API server's audit log. */
export interface AuditedRequest {
  readonly verb: string;
  readonly requestURI: string;
  readonly responseStatus?: { readonly code: number };
  readonly objectRef?: { readonly resource?: string; readonly subresource?: string };
  readonly stageTimestamp: string;
}

export function auditedRequests(path: string): readonly AuditedRequest[] {
  const lines = readFileSync(path, 'utf8').trimEnd();
  return lines === '' ? [] : lines.split('\n').map((line): AuditedRequest => JSON.parse(line));
}
