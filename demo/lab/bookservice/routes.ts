/** The bookservice's routes. The operation names are those that ASP.NET gives: method, controller, action; no ids. */

export type Route =
  | { readonly operation: 'GET Books/Get' }
  | { readonly operation: 'POST Books/Post' }
  | { readonly operation: 'GET Books/GetById'; readonly id: number }
  | { readonly operation: 'GET Reviews/Get'; readonly id: number };

/** The route that a request belongs to; undefined when there is none (answered with 404). */
export function routeOf(method: string, path: string): Route | undefined {
  if (path === '/api/books') {
    if (method === 'GET') return { operation: 'GET Books/Get' };
    if (method === 'POST') return { operation: 'POST Books/Post' };
    return undefined;
  }
  const match = /^\/api\/(books|reviews)\/(\d{1,9})$/.exec(path);
  if (match === null || method !== 'GET') return undefined;
  const id = Number(match[2]);
  return match[1] === 'books' ? { operation: 'GET Books/GetById', id } : { operation: 'GET Reviews/Get', id };
}

/** The path of a request target, without its query. */
export function pathOf(target: string): string {
  return target.split('?', 1)[0] ?? target;
}
