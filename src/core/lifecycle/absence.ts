import { timestamp } from '../../api/conditions.ts';

/** What is known of the one who held the Lease last. */
interface LastHolder {
  readonly holder: string;
  /** Milliseconds since the epoch, by the holder's own clock. */
  readonly renewTime: number | undefined;
}

/** Says that no operator was at work: since when, and how that is known. `last` undefined: there is no Lease. */
export function absenceOf(lease: string, seconds: number, last: LastHolder | undefined): string {
  const known = last === undefined ? `there was no Lease ${lease}` : `the Lease ${lease} was not renewed`;
  return `no operator was at work: ${known} for ${seconds} s${lastSeen(last)}; the dead man’s switch has ended mirroring`;
}

function lastSeen(last: LastHolder | undefined): string {
  if (last?.renewTime === undefined) return '';
  const who = last.holder === '' ? 'released by its last holder' : `held by ${last.holder}`;
  return ` (${who}, last written at ${timestamp(last.renewTime)} by that one’s clock)`;
}
