/** The bookstore's data: fixed, so that every version of the service answers alike. */

export interface Book {
  readonly id: number;
  readonly title: string;
  readonly author: string;
}

export interface Review {
  readonly bookId: number;
  readonly reviewer: string;
  readonly stars: number;
  readonly text: string;
}

export const books: readonly Book[] = [
  { id: 1, title: 'The Comedy of Errors', author: 'William Shakespeare' },
  { id: 2, title: 'Emma', author: 'Jane Austen' },
  { id: 3, title: 'Middlemarch', author: 'George Eliot' },
  { id: 4, title: 'Bleak House', author: 'Charles Dickens' },
  { id: 5, title: 'The Moonstone', author: 'Wilkie Collins' },
  { id: 6, title: 'Cranford', author: 'Elizabeth Gaskell' },
  { id: 7, title: 'Villette', author: 'Charlotte Brontë' },
  { id: 8, title: 'Kim', author: 'Rudyard Kipling' },
];

export function findBook(id: number): Book | undefined {
  return books.find((book) => book.id === id);
}

export function reviewsOf(bookId: number): readonly Review[] {
  return [
    { bookId, reviewer: 'Reviewer1', stars: 5, text: 'An extremely entertaining book. I could not put it down.' },
    { bookId, reviewer: 'Reviewer2', stars: 4, text: 'Absolutely fun, though it takes its time to start.' },
  ];
}
