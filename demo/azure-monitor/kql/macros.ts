/**
 * KQL's scalar semantics that need more than one SQL function, as DuckDB macros.
 * Timespans are ticks of 100 ns; a datetime's ticks count from 0001-01-01, which bin() is relative to.
 */
export const MACROS: readonly string[] = [
  // Conversions yield null for text that is no number; DuckDB's own casts also take digits with underscores.
  String.raw`CREATE MACRO kql_tolong(s) AS CASE
    WHEN s = '' THEN NULL WHEN translate(s, '0123456789', '') = '' THEN TRY_CAST(s AS BIGINT)
    WHEN regexp_full_match(s, '\s*[+-]?(0[xX][0-9a-fA-F]+|\d+)\s*') THEN TRY_CAST(s AS BIGINT) END`,
  String.raw`CREATE MACRO kql_toreal(s) AS CASE
    WHEN regexp_full_match(s, '\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*') THEN TRY_CAST(s AS DOUBLE)
    WHEN regexp_full_match(s, '(?i)[+-]?(inf|infinity|nan)') THEN TRY_CAST(s AS DOUBLE) END`,
  `CREATE MACRO kql_tobool(s) AS CASE
    WHEN lower(s) = 'true' OR kql_tolong(s) <> 0 THEN true WHEN lower(s) = 'false' OR kql_tolong(s) = 0 THEN false END`,
  String.raw`CREATE MACRO kql_todatetime(s) AS CASE
    WHEN regexp_full_match(s, '\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d{1,7})?)?)?(Z|[+-]\d\d:\d\d)?')
    THEN TRY_CAST(s AS TIMESTAMP) END`,

  `CREATE MACRO kql_datetime_text(t) AS strftime(t, '%Y-%m-%dT%H:%M:%S.%f') || '0Z'`,
  `CREATE MACRO kql_timespan_text(t) AS concat(
    CASE WHEN t < 0 THEN '-' ELSE '' END,
    CASE WHEN abs(t) >= 864000000000 THEN concat(abs(t) // 864000000000, '.') ELSE '' END,
    lpad(CAST((abs(t) // 36000000000) % 24 AS VARCHAR), 2, '0'), ':',
    lpad(CAST((abs(t) // 600000000) % 60 AS VARCHAR), 2, '0'), ':',
    lpad(CAST((abs(t) // 10000000) % 60 AS VARCHAR), 2, '0'),
    CASE WHEN abs(t) % 10000000 <> 0 THEN concat('.', lpad(CAST(abs(t) % 10000000 AS VARCHAR), 7, '0')) ELSE '' END)`,

  // JSON's null is KQL's null.
  `CREATE MACRO kql_dynamic(j) AS CAST(nullif(CAST(j AS VARCHAR), 'null') AS JSON)`,
  `CREATE MACRO kql_dynamic_text(j) AS coalesce(json_extract_string(j, '$'), '')`,
  `CREATE MACRO kql_key(s) AS '/' || replace(replace(s, '~', '~0'), '/', '~1')`,

  `CREATE MACRO kql_datetime_ticks(t) AS epoch_us(t) * 10 + 621355968000000000`,
  `CREATE MACRO kql_datetime_from_ticks(n) AS make_timestamp((n - 621355968000000000) // 10)`,
  // Rounds towards minus infinity; null for a width of zero or less, as the service.
  `CREATE MACRO kql_bin_integer(x, width) AS CASE WHEN width > 0 THEN x - ((x % width) + width) % width END`,
  `CREATE MACRO kql_bin_real(x, width) AS CASE WHEN width > 0 THEN floor(x / width) * width END`,
  `CREATE MACRO kql_bin_datetime(t, width) AS kql_datetime_from_ticks(kql_bin_integer(kql_datetime_ticks(t), width))`,

  // DuckDB's logarithms raise errors at and below zero.
  `CREATE MACRO kql_log(x) AS CASE
    WHEN x > 0 THEN ln(x) WHEN x = 0 THEN CAST('-inf' AS DOUBLE) END`,
];
