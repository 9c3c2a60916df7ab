import { ALL_ROUTES } from '../verdict/evidence.ts';
import { bucketExpression } from './bucket.ts';
import { datetimeLiteral, stringList, stringLiteral } from './escape.ts';
import type { TelemetryQuestion } from './question.ts';
import { type QueryWindow, requestRows } from './requests.ts';
import { KEPT_ROUTES, LONGEST_NAME, OTHER_ROUTES } from './routes.ts';

/**
 * Sums per route, version, result code and success.
 *
 * Columns: Route string, Live bool, Code string, Ok bool, First real (ms from the window's start to the first row), Items,
 * Requests, SquaredWeights long, SumMs, SumMs2 real (successful rows), Buckets dynamic: of successful rows, a list of
 * [bucket, requests], each bucket once, in any order; of failed ones an empty list.
 * Routes are the first 49 operation names that live reported, by the time of their first live request; every other name,
 * also those that only the mirror reports, those without text or of more than 1,024 characters, and the reserved ones, is summed as `(other)`.
 *
 * Bound: 50 routes x 2 versions x 2 x 1,001 codes, and 50 x 2 x codes of successes x 1,622 buckets in their lists; a usual
 * route has four rows, and fewer than 200 buckets in each. Requests only change the numbers.
 */
export function cellsQuery(question: TelemetryQuestion, window: QueryWindow): string {
  return `${requestRows(question, window)}
let Cells = materialize(Rows
| extend Bucket = iff(Ok, ${bucketExpression('Ms')}, long(null))
| summarize First = min(Timestamp), Items = count(), Requests = sum(Weight), SquaredWeights = sum(Weight * Weight), SumMs = sumif(Ms * Weight, Ok), SumMs2 = sumif(Ms * Ms * Weight, Ok) by Name, Live, Code, Ok, Bucket);
let Routes = Cells
| where Live and isnotempty(Name) and strlen(Name) <= ${LONGEST_NAME} and Name !in ${stringList([ALL_ROUTES, OTHER_ROUTES])}
| summarize RouteFirst = min(First) by Name
| sort by RouteFirst asc, Name asc
| take ${KEPT_ROUTES};
Cells
| lookup kind=leftouter (Routes) on Name
| extend Route = iff(isnull(RouteFirst), ${stringLiteral(OTHER_ROUTES)}, Name)
| summarize First = min(First), Items = sum(Items), Requests = sum(Requests), SquaredWeights = sum(SquaredWeights), SumMs = sum(SumMs), SumMs2 = sum(SumMs2) by Route, Live, Code, Ok, Bucket
| summarize First = min(First), Items = sum(Items), Requests = sum(Requests), SquaredWeights = sum(SquaredWeights), SumMs = sum(SumMs), SumMs2 = sum(SumMs2), Buckets = make_list_if(pack_array(Bucket, Requests), Ok) by Route, Live, Code, Ok
| project Route, Live, Code, Ok, First = (First - ${datetimeLiteral(window.start)}) / 1ms, Items, Requests, SquaredWeights, SumMs, SumMs2, Buckets`;
}
