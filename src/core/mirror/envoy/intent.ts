import { Refusal } from './refusal.ts';
import type { MirrorIntent } from './types.ts';

/** Throws a Refusal when a value of the intent cannot be written into an Envoy config as what it says. */
export function checkIntent(intent: MirrorIntent): void {
  const refuse = (what: string): never => {
    throw new Refusal('InvalidIntent', what);
  };
  for (const [what, name] of [
    ['live cluster', intent.liveCluster],
    ['mirror cluster', intent.mirrorCluster],
  ] as const) {
    if (name === '') refuse(`the ${what}'s name is empty`);
    if (!isPrintable(name)) refuse(`the ${what}'s name ${JSON.stringify(name)} has control characters`);
  }
  if (intent.liveCluster === intent.mirrorCluster) {
    refuse(`the live and the mirror cluster have the same name ${JSON.stringify(intent.liveCluster)}`);
  }
  if (!isIntegerIn(intent.percent, 1, 100)) refuse(`percent is ${intent.percent}; it must be an integer from 1 to 100`);
  checkMethods(intent.methods, refuse);

  const { host, port } = intent.mirrorAddress;
  if (!HOST.test(host)) refuse(`the mirror's host ${JSON.stringify(host)} is neither a host name nor an IP address`);
  if (!isIntegerIn(port, 1, 65_535)) refuse(`the mirror's port is ${port}; it must be an integer from 1 to 65535`);
  if (!isIntegerIn(intent.maxStreamDurationSeconds, 1, MAX_SECONDS)) {
    refuse(`maxStreamDurationSeconds is ${intent.maxStreamDurationSeconds}; it must be an integer of at least 1`);
  }
  if (!isIntegerIn(intent.maxRequests, 1, MAX_UINT32)) {
    refuse(`maxRequests is ${intent.maxRequests}; it must be an integer of at least 1`);
  }
  if (!TOKEN.test(intent.mark.header)) {
    refuse(`${JSON.stringify(intent.mark.header)} cannot be the name of a request header`);
  }
  if (!HEADER_VALUE.test(intent.mark.value)) {
    refuse(`${JSON.stringify(intent.mark.value)} cannot be a header's value: use printable ASCII characters`);
  }
}

// RFC 9110, section 5.6.2.
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const HEADER_VALUE = /^[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?$/;
// Letters and "-" only: the methods become a regular expression's alternatives. Every registered method fits.
const METHOD = /^[A-Z]+(-[A-Z]+)*$/;
const HOST =
  /^(?=.{1,253}$)([0-9A-Za-z_]([0-9A-Za-z_-]*[0-9A-Za-z_])?\.)*[0-9A-Za-z_]([0-9A-Za-z_-]*[0-9A-Za-z_])?\.?$|^[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*$/;
const MAX_UINT32 = 2 ** 32 - 1;
const MAX_SECONDS = 86_400 * 365;

function checkMethods(methods: readonly string[], refuse: (what: string) => never): void {
  if (methods.length === 0) refuse('methods is empty, so nothing would be copied; use ["*"] for every method');
  if (methods.length > 1 && methods.includes('*'))
    refuse('methods has "*" beside others; use ["*"] alone for every method');
  for (const method of methods) {
    if (method !== '*' && !METHOD.test(method)) {
      refuse(`${JSON.stringify(method)} is not a request method; write it in capitals, such as GET`);
    }
  }
}

function isIntegerIn(value: number, low: number, high: number): boolean {
  return Number.isInteger(value) && value >= low && value <= high;
}

/** Without control characters and line breaks of any kind, and sound UTF-16. */
function isPrintable(text: string): boolean {
  return !/[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Cn}\ufeff]/u.test(text);
}
