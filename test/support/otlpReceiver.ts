import { once } from 'node:events';
import { createServer } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { gunzipSync } from 'node:zlib';

export interface ReceivedSpan {
  readonly traceId: string;
  readonly spanId: string;
  /** Empty: the root of its trace. */
  readonly parentSpanId: string;
  readonly name: string;
  /** Nanoseconds since the epoch. */
  readonly start: bigint;
  readonly end: bigint;
  readonly attributes: Readonly<Record<string, string | number | boolean>>;
  /** 0 unset, 1 ok, 2 error. */
  readonly status: number;
  readonly message: string;
  /** Attributes of the resource that it is of. */
  readonly resource: Readonly<Record<string, string | number | boolean>>;
}

export interface OtlpReceiver {
  /** http://host:port */
  readonly endpoint: string;
  readonly spans: readonly ReceivedSpan[];
  /** The headers of each export. */
  readonly headers: readonly NodeJS.Dict<string | string[]>[];
  close(): Promise<void>;
}

/** A collector that takes traces by OTLP/HTTP in protobuf at /v1/traces, decodes them, and refuses anything else. */
export async function startOtlpReceiver(): Promise<OtlpReceiver> {
  const spans: ReceivedSpan[] = [];
  const headers: NodeJS.Dict<string | string[]>[] = [];
  const server = createServer(async (request, response) => {
    const { method, url, headers: given } = request;
    const body = await buffer(request);
    if (method !== 'POST' || url !== '/v1/traces' || given['content-type'] !== 'application/x-protobuf') {
      response.writeHead(415).end();
      return;
    }
    spans.push(...decodeTraces(given['content-encoding'] === 'gzip' ? gunzipSync(body) : body));
    headers.push(given);
    // An empty ExportTraceServiceResponse: everything was taken.
    response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the receiver has no port');
  return {
    endpoint: `http://127.0.0.1:${address.port}`,
    spans,
    headers,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** The fields of ExportTraceServiceRequest by their numbers in opentelemetry/proto/trace/v1/trace.proto. */
function decodeTraces(bytes: Buffer): ReceivedSpan[] {
  return messages(bytes, 1).flatMap((resourceSpans) => {
    const resource = attributesOf(messages(resourceSpans, 1).flatMap((each) => messages(each, 1)));
    return messages(resourceSpans, 2)
      .flatMap((scopeSpans) => messages(scopeSpans, 2))
      .map((span) => {
        const [status = Buffer.alloc(0)] = messages(span, 15);
        return {
          traceId: messages(span, 1)[0]?.toString('hex') ?? '',
          spanId: messages(span, 2)[0]?.toString('hex') ?? '',
          parentSpanId: messages(span, 4)[0]?.toString('hex') ?? '',
          name: messages(span, 5)[0]?.toString() ?? '',
          start: numbers(span, 7)[0] ?? 0n,
          end: numbers(span, 8)[0] ?? 0n,
          attributes: attributesOf(messages(span, 9)),
          status: Number(numbers(status, 3)[0] ?? 0n),
          message: messages(status, 2)[0]?.toString() ?? '',
          resource,
        };
      });
  });
}

function attributesOf(pairs: readonly Buffer[]): Record<string, string | number | boolean> {
  return Object.fromEntries(
    pairs.map((pair) => [messages(pair, 1)[0]?.toString() ?? '', valueOfAny(messages(pair, 2)[0] ?? Buffer.alloc(0))]),
  );
}

/** AnyValue: string 1, bool 2, int 3, double 4; others as their bytes. */
function valueOfAny(value: Buffer): string | number | boolean {
  const [field] = fieldsOf(value);
  if (field === undefined) return '';
  if (field.number === 1) return field.bytes?.toString() ?? '';
  if (field.number === 2) return field.value === 1n;
  if (field.number === 3) return Number(BigInt.asIntN(64, field.value));
  return field.bytes?.toString('hex') ?? Number(field.value);
}

interface Field {
  readonly number: number;
  readonly value: bigint;
  readonly bytes: Buffer | undefined;
}

function messages(message: Buffer, number: number): Buffer[] {
  return fieldsOf(message).flatMap((field) => (field.number === number && field.bytes ? [field.bytes] : []));
}

function numbers(message: Buffer, number: number): bigint[] {
  return fieldsOf(message).flatMap((field) => (field.number === number && !field.bytes ? [field.value] : []));
}

/** The wire format of protobuf. Throws at what is none. */
function fieldsOf(message: Buffer): Field[] {
  const fields: Field[] = [];
  let at = 0;
  const varint = (): bigint => {
    for (let value = 0n, shift = 0n; ; shift += 7n) {
      const byte = message.readUInt8(at++);
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  };
  const take = (length: number): Buffer => {
    at += length;
    if (at > message.length) throw new Error('the message ends too early');
    return message.subarray(at - length, at);
  };
  while (at < message.length) {
    const tag = varint();
    const [number, type] = [Number(tag >> 3n), Number(tag & 7n)];
    if (type === 0) fields.push({ number, value: varint(), bytes: undefined });
    else if (type === 1) fields.push({ number, value: take(8).readBigUInt64LE(), bytes: undefined });
    else if (type === 2) fields.push({ number, value: 0n, bytes: take(Number(varint())) });
    else if (type === 5) fields.push({ number, value: BigInt(take(4).readUInt32LE()), bytes: undefined });
    else throw new Error(`wire type ${type} is none`);
  }
  return fields;
}
