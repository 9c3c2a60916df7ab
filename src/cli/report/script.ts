/**
 * Comfort for those who have scripts: local times, a filter for routes, and open details in print also where the style
 * sheet cannot open them. The page is complete without it.
 */
export const SCRIPT = `
for (const time of document.querySelectorAll('time')) {
  const at = new Date(time.dateTime);
  if (!Number.isNaN(at.getTime())) time.title = at.toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'long' });
}
const filter = document.getElementById('filter');
if (filter) {
  filter.parentElement.hidden = false;
  const rows = [...document.querySelectorAll('#overview tbody tr, #routes ~ details.route')];
  const told = document.getElementById('filtered');
  filter.addEventListener('input', () => {
    const wanted = filter.value.trim().toLowerCase();
    for (const row of rows) row.hidden = !row.querySelector('th, h3').textContent.toLowerCase().includes(wanted);
    const left = rows.filter((row) => row.matches('tr') && !row.hidden).length;
    told.textContent = wanted === '' ? '' : left + (left === 1 ? ' route' : ' routes');
  });
}
let closed = [];
addEventListener('beforeprint', () => {
  closed = [...document.querySelectorAll('details:not([open])')];
  for (const each of closed) each.open = true;
});
addEventListener('afterprint', () => {
  for (const each of closed) each.open = false;
});
`;
